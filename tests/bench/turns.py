"""Contestants in one-second turns: whatever else the machine does meanwhile falls on all of them alike."""

import asyncio
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.cpu import cpu_microseconds, resident_megabytes, snapshot
from tests.bench.load import Request, Turn, run_turn, write_requests

TURN = 1
"""Seconds."""
SETTLE = 0.1
"""Seconds after a turn in which what was still in flight is finished, and its cost still counted."""


@dataclass(frozen=True)
class Contestant:
    """Who is sent `requests` on `port`. `pid` is the server under test, `behind` are those that work for it."""

    name: str
    port: int
    pid: int
    requests: Sequence[Request]
    behind: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Measured:
    """One turn: microseconds of CPU time, in all, of the server and of each of those behind it."""

    turn: Turn
    server: int
    behind: Mapping[str, int]

    @property
    def per_request(self) -> float:
        return self.server / self.turn.sent


@dataclass
class Result:
    """What a contestant's turns say."""

    contestant: Contestant
    turns: list[Measured] = field(default_factory=list)
    megabytes: float = 0.0

    @property
    def minimum(self) -> float:
        """Microseconds per request in the turn that was disturbed least."""
        return min(measured.per_request for measured in self.turns)

    @property
    def median(self) -> float:
        return statistics.median(measured.per_request for measured in self.turns)

    @property
    def behind(self) -> dict[str, float]:
        """Microseconds per request over all turns together: in a single one, ticks of 10 ms are too coarse."""
        sent = sum(measured.turn.sent for measured in self.turns)
        return {
            name: sum(measured.behind[name] for measured in self.turns) / sent for name in self.contestant.behind
        }

    @property
    def best_rate(self) -> float:
        """Requests per second."""
        return max(measured.turn.responded / measured.turn.seconds for measured in self.turns)

    @property
    def p50_ms(self) -> float:
        return statistics.median(measured.turn.p50_ms for measured in self.turns)

    @property
    def p99_ms(self) -> float:
        return statistics.median(measured.turn.p99_ms for measured in self.turns)


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
    if turns > 1:
        progress("warming up")
        for contestant in contestants:
            await _warm_up(contestant, files[contestant.name])
    for number in range(1, turns + 1):
        progress(f"turn {number} of {turns}")
        for result in results:
            result.turns.append(await _measure(result.contestant, files[result.contestant.name]))
    processes = snapshot()
    for result in results:
        result.megabytes = resident_megabytes(processes, result.contestant.pid)
    return results


async def _warm_up(contestant: Contestant, requests: Path) -> None:
    """Turns that do not count, longer and longer until each request has been sent; four at most."""
    for seconds in (1, 2, 4, 8):
        turn = await run_turn(contestant.port, requests, seconds)
        if turn.sent >= len(contestant.requests):
            return


async def _measure(contestant: Contestant, requests: Path) -> Measured:
    pids = {"": contestant.pid, **contestant.behind}
    before = snapshot()
    turn = await run_turn(contestant.port, requests, TURN)
    await asyncio.sleep(SETTLE)
    after = snapshot()
    used = {name: cpu_microseconds(after, pid) - cpu_microseconds(before, pid) for name, pid in pids.items()}
    return Measured(turn, used.pop(""), used)
