"""Cores of their own for those under test, for the load and for the upstream, where there are enough."""

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.cpu import snapshot, tree

ENOUGH = 4


@dataclass(frozen=True)
class Division:
    """Which cores are whose: two for the servers under test, the others for what surrounds them."""

    servers: frozenset[int]
    load: frozenset[int]
    upstream: frozenset[int]


def division(cores: Collection[int]) -> Division | None:
    """None where there are fewer than `ENOUGH`: then all share all of them."""
    if len(cores) < ENOUGH:
        return None
    first, second, third, *others = sorted(cores)
    return Division(frozenset((first, second)), frozenset((third,)), frozenset(others))


def apart(cores: Collection[int]) -> Division | None:
    """A core for the one server under test, and the others for what surrounds it; None where there is one only."""
    server, *others = sorted(cores)
    around = frozenset(others)
    return Division(frozenset((server,)), around, around) if others else None


@contextmanager
def pinned(divided: Division | None, servers: Collection[int], upstream: int) -> Iterator[None]:
    """The processes of these pids with their threads and descendants on their cores, for as long as it lasts."""
    if divided is None:
        yield
        return
    everywhere = os.sched_getaffinity(0)
    for pid in servers:
        _pin(pid, divided.servers)
    _pin(upstream, divided.upstream)
    try:
        yield
    finally:
        for pid in (*servers, upstream):
            _pin(pid, everywhere)


def _pin(root: int, cores: Collection[int]) -> None:
    for pid in tree(snapshot(), root):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setaffinity(int(thread.name), cores)
