"""Contestants in one-second turns: whatever else the machine does meanwhile falls on all of them alike."""

import asyncio
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from deploy.errors import StackError
from tests.bench.cpu import Process, cpu_microseconds, resident_megabytes, snapshot
from tests.bench.load import AS_FAST_AS_IT_CAN, Load, Request, Turn, run_turn, write_requests

TURN = 1
"""Seconds."""
SETTLE = 0.1
"""Seconds after a turn in which what was still in flight is finished, and its cost still counted."""
IDLE = 0.5
"""Seconds in each round in which nothing is sent, to see what those behind a service do of their own."""
Processes = Mapping[int, Process]


@dataclass(frozen=True)
class Contestant:
    """Who is sent `requests` on `port`. `pid` is the server under test, `behind` are those that work for it."""

    name: str
    port: int
    pid: int
    requests: Sequence[Request]
    behind: Mapping[str, int] = field(default_factory=dict)
    load: Load = AS_FAST_AS_IT_CAN
    """`first` is set for each turn: it begins with the request after the last one of the turn before."""


@dataclass(frozen=True)
class Measured:
    """One turn: microseconds of CPU time, in all, of the server and of each of those behind it."""

    turn: Turn
    server: float
    behind: Mapping[str, float]
    seconds: float
    """Over which they were counted: longer than the turn."""

    @property
    def per_request(self) -> float:
        return self.server / self.turn.sent


@dataclass
class Result:
    """What a contestant's turns say."""

    contestant: Contestant
    turns: list[Measured] = field(default_factory=list)
    megabytes: float = 0.0
    idle: Mapping[str, float] = field(default_factory=dict)
    """Microseconds per second that each of those behind it takes when nothing is sent."""
    sent: int = 0
    """Requests so far, those of the turns that do not count included."""

    @property
    def minimum(self) -> float:
        """Microseconds per request in the turn that was disturbed least."""
        return min(measured.per_request for measured in self.turns)

    @property
    def median(self) -> float:
        return statistics.median(measured.per_request for measured in self.turns)

    @property
    def behind(self) -> dict[str, float]:
        """Microseconds per request beyond what is used when idle, over all turns together: some work is put off."""
        sent = sum(measured.turn.sent for measured in self.turns)
        seconds = sum(measured.seconds for measured in self.turns)
        return {
            name: max(0.0, sum(measured.behind[name] for measured in self.turns) - idle * seconds) / sent
            for name in self.contestant.behind
            for idle in (self.idle.get(name, 0.0),)
        }

    @property
    def together(self) -> float:
        """Microseconds per request of the server and of all behind it."""
        return self.minimum + sum(self.behind.values())

    @property
    def best_rate(self) -> float:
        """Requests per second."""
        return max(measured.turn.responded / measured.turn.seconds for measured in self.turns)

    @property
    def median_rate(self) -> float:
        return statistics.median(measured.turn.responded / measured.turn.seconds for measured in self.turns)

    @property
    def p50_ms(self) -> float:
        return statistics.median(measured.turn.p50_ms for measured in self.turns)

    @property
    def p99_ms(self) -> float:
        return statistics.median(measured.turn.p99_ms for measured in self.turns)

    @property
    def best_p99_ms(self) -> float:
        return min(measured.turn.p99_ms for measured in self.turns)


async def interleave(
    contestants: Sequence[Contestant], turns: int, directory: Path, progress: Callable[[str], None]
) -> list[Result]:
    """`turns` of each, one after the other; before them, each has seen every request once, for caches and pools.

    A single turn each is the quick look, without that. Files for wrk are written to `directory`.
    Raises `StackError` when a contestant answers with an error.
    """
    results = [Result(contestant) for contestant in contestants]
    files = {}
    for number, contestant in enumerate(contestants):
        files[contestant.name] = directory / f"requests.{number}"
        write_requests(contestant.requests, contestant.port, files[contestant.name])
    behind = {name: pid for contestant in contestants for name, pid in contestant.behind.items()}
    idle = dict.fromkeys(behind, 0.0)
    if turns > 1:
        progress("warming up")
        for result in results:
            await _warm_up(result, files[result.contestant.name])
    for number in range(1, turns + 1):
        progress(f"turn {number} of {turns}")
        for result in results:
            result.turns.append(await _measure(result, files[result.contestant.name]))
        await _idle(behind, idle)
    processes = snapshot()
    for result in results:
        result.megabytes = resident_megabytes(processes, result.contestant.pid)
        result.idle = {name: used / (turns * IDLE) for name, used in idle.items()}
    return results


async def _warm_up(result: Result, requests: Path) -> None:
    """Turns that do not count, longer and longer until each request has been sent; four at most."""
    for seconds in (1, 2, 4, 8):
        await _turn(result, requests, seconds)
        if result.sent >= len(result.contestant.requests):
            return


async def _measure(result: Result, requests: Path) -> Measured:
    pids = {"": result.contestant.pid, **result.contestant.behind}
    began, before = time.monotonic(), snapshot()
    turn = await _turn(result, requests, TURN)
    await asyncio.sleep(SETTLE)
    seconds, after = time.monotonic() - began, snapshot()
    used = _used(before, after, pids)
    return Measured(turn, used.pop(""), used, seconds)


async def _idle(pids: Mapping[str, int], idle: dict[str, float]) -> None:
    """Add to `idle` what the processes take while nothing is sent."""
    if not pids:
        return
    before = snapshot()
    await asyncio.sleep(IDLE)
    for name, used in _used(before, snapshot(), pids).items():
        idle[name] += used


def _used(before: Processes, after: Processes, pids: Mapping[str, int]) -> dict[str, float]:
    return {name: cpu_microseconds(after, pid) - cpu_microseconds(before, pid) for name, pid in pids.items()}


async def _turn(result: Result, requests: Path, seconds: int) -> Turn:
    contestant = result.contestant
    first = result.sent % len(contestant.requests)
    try:
        turn = await run_turn(contestant.port, requests, seconds, replace(contestant.load, first=first))
    except StackError as error:
        raise StackError(f"{contestant.name}: {error}") from None
    result.sent += turn.sent
    return turn
