"""What is done to a running plane, noted for the model: processes and stores restarted, connections hurt."""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tests.support.chaos.judge import Judge
from tests.support.chaos.model import Fault
from tests.support.chaos.plane import CONSUMERS, FOLLOWED_REGISTRY, GATEWAYS, REGISTRIES, Plane, deployable_of
from tests.support.harness.proxy import FaultProxy

DELAY = 0.3
"""Seconds for which a slow connection holds back what goes through it, each way."""
HOW = ("cut", "swallow", "delay")
EVERYONE = frozenset({*CONSUMERS, *REGISTRIES})


class Faults:
    """`note` takes a line for whoever reads of a violation."""

    def __init__(self, plane: Plane, judge: Judge, note: Callable[[str], None]) -> None:
        self._plane = plane
        self._judge = judge
        self._note = note
        self._hurt: dict[tuple[str, str], Fault] = {}

    @property
    def last_ended(self) -> float:
        """When the last fault was over; long ago if there was none."""
        return max((fault.ended for fault in self._judge.faults if fault.ended is not None), default=0.0)

    def hurt(self, link: tuple[str, str], how: str) -> None:
        """Until `heal`: `cut` refuses connections, `swallow` responds to nothing, `delay` is slow."""
        self._hurt_all([link], how, self._of_link(link, how))

    def hurt_valkey(self, how: str) -> None:
        """As `hurt`, of all gateways' connections to it: as one fault, since none counts with another."""
        gateways = frozenset(GATEWAYS)
        fault = Fault(f"{how} all gateways -> valkey", 0.0, stream=gateways, alone=gateways)
        self._hurt_all([(gateway, "valkey") for gateway in GATEWAYS], how, fault)

    def _hurt_all(self, links: Iterable[tuple[str, str]], how: str, fault: Fault) -> None:
        links = [link for link in links if link not in self._hurt]
        if not links:
            return
        self._judge.faults.append(fault)
        for link in links:
            self._hurt[link] = fault
            self._hurt_one(self._plane.links[link], how)
        fault.began = time.monotonic()
        self._note(fault.name)

    def _hurt_one(self, proxy: FaultProxy, how: str) -> None:
        match how:
            case "cut":
                proxy.cut()
            case "swallow":
                proxy.swallow()
            case _:
                proxy.delay = DELAY

    def heal(self) -> None:
        """All connections are whole again."""
        for link, fault in self._hurt.items():
            self._plane.links[link].delay = 0.0
            self._plane.links[link].restore()
            fault.ended = time.monotonic()
        self._hurt.clear()

    async def restart(self, name: str, *, at_once: bool) -> None:
        """Killed, or terminated; and started again when it has gone."""
        process = self._plane.processes[name]
        concerned = frozenset({name}) | (self._plane.consumers_of(name) if name in REGISTRIES else frozenset())
        fault = Fault(f"restart of {name}", 0.0, affects=concerned, feed=concerned, stream=concerned)
        with self._noted(replace(fault, alone=frozenset({name}), begins_anew=frozenset({name}))):
            await asyncio.to_thread(process.end, at_once=at_once)
            await asyncio.to_thread(process.start)

    async def restart_postgres(self, seconds: float) -> None:
        """Killed, and away for so long."""
        with self._noted(Fault("restart of PostgreSQL", 0.0, affects=EVERYONE, feed=EVERYONE, stream=EVERYONE)):
            await asyncio.to_thread(self._plane.postgres.kill)
            await asyncio.sleep(seconds)
            await asyncio.to_thread(self._plane.postgres.start)

    async def restart_valkey(self, seconds: float, *, data: bool = True, backup: Path | None = None) -> None:
        """Killed, and away for so long; it comes back with its data, without any, or with those of `backup`."""
        affects = frozenset({"session_tokens", "token_issuer"})
        with self._noted(
            Fault("restart of Valkey", 0.0, affects=affects, stream=EVERYONE, alone=EVERYONE, forgets=True)
        ):
            await asyncio.to_thread(self._plane.valkey.kill)
            await asyncio.sleep(seconds)
            if not data or backup is not None:
                await asyncio.to_thread(self._plane.forget_valkey_data, backup)
            await asyncio.to_thread(self._plane.valkey.start)

    @contextmanager
    def new_signing_key(self) -> Iterator[None]:
        """Meanwhile the key that signs is ended, and another one has to take its place."""
        affects = frozenset({"token_issuer", *GATEWAYS})
        with self._noted(Fault("end of the signing key", 0.0, affects=affects)):
            yield

    @contextmanager
    def _noted(self, fault: Fault) -> Iterator[None]:
        fault.began = time.monotonic()
        self._judge.faults.append(fault)
        self._note(fault.name)
        try:
            yield
        finally:
            fault.ended = time.monotonic()
            self._note(f"{fault.name}: it is back")

    def _of_link(self, link: tuple[str, str], how: str) -> Fault:
        name, target = link
        fault = Fault(f"{how} {name} -> {target}", 0.0, affects=frozenset({name}))
        if name in REGISTRIES:
            behind = self._plane.consumers_of(name)
            if target == "valkey":  # the relay: another copy's may do, but need not have been there yet
                return replace(fault, affects=frozenset(), stream=EVERYONE)
            return replace(fault, affects=fault.affects | behind, feed=behind, total=how != "delay")
        if target == "registry":
            return replace(fault, feed=frozenset({name}), total=how != "delay")
        if target == "valkey":
            needs_it = deployable_of(name) in ("session_tokens", "token_issuer")
            affects = fault.affects if needs_it else frozenset[str]()
            return replace(fault, affects=affects, stream=frozenset({name}), alone=frozenset({name}))
        return fault


def links_of(plane: Plane) -> list[tuple[str, str]]:
    """The connections that are used as the plane is configured."""
    variables = {"postgres": "PASSGATE_DATABASE_URL", "valkey": "PASSGATE_REDIS_URL"}
    return [
        (name, target)
        for name, target in plane.links
        if (target == "registry" and name in FOLLOWED_REGISTRY)
        or variables.get(target, "") in plane.processes[name].environment
    ]
