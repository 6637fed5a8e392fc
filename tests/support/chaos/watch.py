"""Asks about everything all the time, through every gateway, and has each answer judged."""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator

import aiohttp

from tests.support.chaos.judge import Asked, Judge
from tests.support.chaos.model import RECOVERY, Response
from tests.support.chaos.plane import GATEWAYS, REGISTRIES, Plane
from tests.support.chaos.probes import Probe, Told

PAUSE = {False: 0.2, True: 0.5}
"""Seconds between two rounds of questions at least: of those that are cheap, and of the slow ones."""
SHARE = 0.006
"""Seconds for each question: a round of many comes less often."""
TIMEOUT = 2.5
"""Seconds for an answer."""
ENOUGH = 5
"""Violations after which no more are noted."""


class Watch:
    """`probes` gives what is asked about at the moment, `note` takes a line for whoever reads of a violation."""

    def __init__(
        self, plane: Plane, judge: Judge, probes: Callable[[], Iterable[Probe]], note: Callable[[str], None]
    ) -> None:
        self.violations: list[str] = []
        self.responses = dict.fromkeys(Response, 0)
        self.restarted: set[str] = set()
        """Processes that have begun anew, and know nothing but what they have been told since."""
        self._plane = plane
        self._judge = judge
        self._probes = probes
        self._note = note
        self._last: dict[tuple[str, Probe], Asked] = {}
        self._sessions: dict[str, aiohttp.ClientSession] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        for name in (*GATEWAYS, *REGISTRIES):
            self._sessions[name] = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=TIMEOUT), connector=aiohttp.TCPConnector(limit=0)
            )
            for slow in PAUSE:
                self._tasks.append(asyncio.create_task(self._keep_asking(name, slow)))

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for session in self._sessions.values():
            await session.close()

    def raise_failures(self) -> None:
        """What keeps this very watch from asking: an answer that it does not know."""
        for task in self._tasks:
            if task.done() and not task.cancelled():
                task.result()

    async def until_as_expected(self, limit: float = 3 * RECOVERY) -> None:
        """Return when everything that is asked about now has since been answered, everywhere, as it should be."""
        began = time.monotonic()
        asked = [(name, probe) for probe in self._probes() for name in self._asked_of(probe)]
        while waiting := list(self._not_as_expected(asked, began)):
            self.raise_failures()
            assert not self.violations, "\n".join(self.violations)
            starved = self._judge.starvation.between((*self._plane.processes, "driver"), began, time.monotonic())
            if time.monotonic() > began + limit + starved:
                raise AssertionError("not as expected in the end:\n" + "\n".join(waiting[:ENOUGH]))
            await asyncio.sleep(0.05)

    def _not_as_expected(self, asked: Iterable[tuple[str, Probe]], began: float) -> Iterator[str]:
        present = set(self._probes())
        for name, probe in asked:
            expected = self._expected(probe)
            if probe not in present or expected is None:
                continue
            last = self._last.get((name, probe))
            if last is None or last.sent < began or last.response is not expected:
                yield f"{name}: {probe.name}: {last and last.told}, not {expected}"

    def _expected(self, probe: Probe) -> Response | None:
        """None when either is right."""
        now = time.monotonic()
        if any(thing.stopped_since(now) is not None for thing in probe.depends_on):
            return Response.NO
        certain = all(thing.active_since(now) is not None and not thing.lost for thing in probe.depends_on)
        return Response.YES if certain else None

    def _asked_of(self, probe: Probe) -> tuple[str, ...]:
        return REGISTRIES if probe.at_registry else GATEWAYS

    async def _keep_asking(self, name: str, slow: bool) -> None:
        while True:
            asked = [p for p in self._probes() if p.slow is slow and name in self._asked_of(p)]
            await asyncio.gather(*(self._ask(name, probe) for probe in asked))
            await asyncio.sleep(max(PAUSE[slow], SHARE * len(asked)))

    async def _ask(self, name: str, probe: Probe) -> None:
        sent = time.monotonic()
        told = await probe.ask(self._sessions[name], self._plane.urls[name])
        asked = self._asked(name, probe, told, sent)
        self._last[name, probe] = asked
        self.responses[asked.response] += 1
        wrong = self._judge.violation(asked)
        if wrong is not None and len(self.violations) < ENOUGH:
            self.violations.append(f"{name}: {probe.name}: {wrong}; told {told}")
            self._note(f"VIOLATION {self.violations[-1]}")
        if asked.response is Response.YES and probe.made is not None:
            probe.made(told.body)

    def _asked(self, name: str, probe: Probe, told: Told, sent: float) -> Asked:
        keys = {"token_issuer"} if probe.by_jwt_alone and name in self.restarted else set[str]()
        return Asked(
            what=f"{name}/{id(probe)}",
            depends_on=probe.depends_on,
            decides=probe.decides or name,
            relies=probe.relies | {name} | keys,
            response=probe.read(told),
            sent=sent,
            received=time.monotonic(),
            told=str(told),
            by_jwt_alone=probe.by_jwt_alone,
        )
