"""Calls with everything all the time, through every gateway, and has each outcome judged."""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import aiohttp

from tests.support.chaos.judge import Judge, Observation
from tests.support.chaos.limits.judge import LimitJudge
from tests.support.chaos.model import PROMPT, RECOVERY, Outcome, Thing
from tests.support.chaos.plane import GATEWAYS, REGISTRIES, Plane
from tests.support.chaos.probes import Probe, Response
from tests.support.chaos.stores import STORES
from tests.support.waiting import until

PAUSE = {False: 0.2, True: 0.5}
"""Seconds between two rounds of calls at least: of those that are cheap, and of the slow ones."""
SHARE = 0.006
"""Seconds for each call: a round of many comes less often."""
TIMEOUT = 2.5
"""Seconds for a response."""
ENOUGH = 5
"""Violations after which no more are noted."""


@dataclass
class Answered:
    """Calls that the limits of one thing hold for, sent since a moment."""

    thing: Thing
    since: float
    calls: int = 0

    def note(self, observed: Observation) -> None:
        self.calls += observed.sent >= self.since and self.thing in observed.limited_by


class Watch:
    """`probes` gives the calls of the moment, `note` takes a line for whoever reads of a violation."""

    def __init__(
        self, plane: Plane, judge: Judge, probes: Callable[[], Iterable[Probe]], note: Callable[[str], None]
    ) -> None:
        self.violations: list[str] = []
        self.outcomes = dict.fromkeys(Outcome, 0)
        self.restarted: set[str] = set()
        """Processes that have begun anew, and know nothing but what they have received since."""
        self._plane = plane
        self._judge = judge
        self._limits = LimitJudge(judge)
        self._probes = probes
        self._note = note
        self._answered: Answered | None = None
        self._last: dict[tuple[str, Probe], Observation] = {}
        self._sessions: dict[str, aiohttp.ClientSession] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        for name in (*GATEWAYS, *REGISTRIES):
            self._sessions[name] = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=TIMEOUT), connector=aiohttp.TCPConnector(limit=0)
            )
            for slow in PAUSE:
                self._tasks.append(asyncio.create_task(self._keep_observing(name, slow)))

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for session in self._sessions.values():
            await session.close()

    def raise_failures(self) -> None:
        """What keeps this very watch from going on: a response that it does not know."""
        for task in self._tasks:
            if task.done() and not task.cancelled():
                task.result()

    async def until_as_expected(self, limit: float = 3 * RECOVERY) -> None:
        """Return when every call of now has since had, everywhere, the outcome that it should have."""
        began = time.monotonic()
        sent = [(name, probe) for probe in self._probes() for name in self._sent_to(probe)]
        while waiting := list(self._not_as_expected(sent, began)):
            self.raise_failures()
            assert not self.violations, "\n".join(self.violations)
            names = (*self._plane.processes, "driver", STORES)
            starved = self._judge.starvation.between(names, began, time.monotonic())
            if time.monotonic() > began + limit + starved:
                raise AssertionError("not as expected in the end:\n" + "\n".join(waiting[:ENOUGH]))
            await asyncio.sleep(0.05)

    async def until_answered(self, thing: Thing, calls: int) -> None:
        """Return when so many have had a response, or none in time, that the limits hold for which it has now."""
        answered = self._answered = Answered(thing, time.monotonic() + PROMPT)
        await until(lambda: not calls or answered.calls >= calls)

    def _not_as_expected(self, sent: Iterable[tuple[str, Probe]], began: float) -> Iterator[str]:
        present = set(self._probes())
        for name, probe in sent:
            expected = self._expected(probe)
            if probe not in present or expected is None:
                continue
            last = self._last.get((name, probe))
            if last is None or last.sent < began or last.outcome is not expected:
                yield f"{name}: {probe.name}: {last and last.text}, not {expected}"

    def _expected(self, probe: Probe) -> Outcome | None:
        """None when either is right."""
        now = time.monotonic()
        if any(thing.stopped_since(now) is not None for thing in probe.depends_on):
            return Outcome.REFUSED
        certain = all(thing.active_since(now) is not None and not thing.lost for thing in probe.depends_on)
        return Outcome.ACCEPTED if certain else None

    def _sent_to(self, probe: Probe) -> tuple[str, ...]:
        return REGISTRIES if probe.at_registry else GATEWAYS

    async def _keep_observing(self, name: str, slow: bool) -> None:
        while True:
            probes = [p for p in self._probes() if p.slow is slow and name in self._sent_to(p)]
            await asyncio.gather(*(self._observe(name, probe) for probe in probes))
            await asyncio.sleep(max(PAUSE[slow], SHARE * len(probes)))

    async def _observe(self, name: str, probe: Probe) -> None:
        sent = time.monotonic()
        self._limits.sent(probe.limited_by, probe.limited_at or name)
        response = await probe.call(self._sessions[name], self._plane.urls[name])
        observed = self._observation(name, probe, response, sent)
        self._last[name, probe] = observed
        self.outcomes[observed.outcome] += 1
        if self._answered is not None:
            self._answered.note(observed)
        of_limits = self._limits.violation(observed)
        wrong = self._judge.violation(observed) or of_limits
        if wrong is not None and len(self.violations) < ENOUGH:
            self.violations.append(f"{name}: {probe.name}: {wrong}; {response}")
            self._note(f"VIOLATION {self.violations[-1]}")
        if observed.outcome is Outcome.ACCEPTED and probe.on_accepted is not None:
            probe.on_accepted(response.body)

    def _observation(self, name: str, probe: Probe, response: Response, sent: float) -> Observation:
        keys = {"token_issuer"} if probe.by_jwt_alone and name in self.restarted else set[str]()
        return Observation(
            what=f"{name}/{id(probe)}",
            depends_on=probe.depends_on,
            decides=probe.decides or name,
            relies=probe.relies | {name} | keys,
            outcome=probe.read(response),
            sent=sent,
            received=time.monotonic(),
            text=str(response),
            by_jwt_alone=probe.by_jwt_alone,
            place=probe.limited_at or name,
            limited_by=probe.limited_by,
            told=response.told,
        )
