"""One sequence on a running plane: what is changed and disturbed, step by step, while everything is called."""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import redis.asyncio

from shared.changes.stream import STREAM
from tests.support.chaos.family import CREDENTIALS, Family
from tests.support.chaos.faults import Faults
from tests.support.chaos.figures import Figures
from tests.support.chaos.judge import Judge, Starvation
from tests.support.chaos.model import RECOVERY, Thing
from tests.support.chaos.operator import Operator
from tests.support.chaos.plane import GATEWAYS, ROUTES, Plane
from tests.support.chaos.probes import Probe, send
from tests.support.chaos.watch import Watch
from tests.support.waiting import BUSY_MACHINE_LIMIT_S

BYSTANDER = ("api_token", "access_key", "api_client")
VALKEY_COMES_BACK = ("as it was", "empty", "from backup")
MOST_APPLICATIONS = 20
"""That one sequence may take up."""
CATCHING_UP = 1.3
"""Seconds in which a consumer that works again has polled again, one call that was lost included."""
LAST_LINES = 60


@dataclass
class Stage:
    """A plane, and what all sequences on it share."""

    plane: Plane
    starvation: Starvation
    figures: Figures
    bystander: Family | None = None
    """Of a company that nothing is done to."""
    scopes_are_booked: bool | None = None
    streaming: bool = False
    signing_keys: dict[str, Thing] = field(default_factory=dict)
    applications: int = 0
    """That have been created, one with each company; the first is the bystander's."""
    routed: int = ROUTES
    """Those below it have routes."""


class World:
    """Use `begin`, then the acts, then `settle`; and `end` in any case."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._plane = stage.plane
        self._began = time.monotonic()
        self._story: list[str] = []
        self._families: list[Family] = []
        self._judge = Judge(stage.plane.bound, stage.starvation, stage.streaming)
        self._faults = Faults(stage.plane, self._judge, self.note)
        self._operator = Operator(stage.plane, stage.figures, self.note)
        self._watch = Watch(stage.plane, self._judge, self._probes, self.note)
        self._backup: tuple[Path, frozenset[Thing]] = Path(), frozenset()
        """Valkey's data at the beginning, and the sessions that are in it."""

    async def begin(self) -> None:
        """Returns when all that a new company has, and the bystander's, has been seen to work.

        Nothing is hurt then: how long this takes says how busy the machine is, and nothing of the product.
        """
        await self._plane.until_ready()
        await self._route_enough()
        await self._operator.start()
        await self._watch.start()
        if self._stage.bystander is None:
            self._stage.bystander = await self._new_family(BYSTANDER, BUSY_MACHINE_LIMIT_S)
            await self.settle()
            await self._learn()
        await self._start_over(BUSY_MACHINE_LIMIT_S)
        assert self._families, self._with_story("no company could be created")
        await self.settle()
        await self._back_up_valkey()

    async def end(self) -> None:
        self._faults.heal()
        await self._operator.stop()
        await self._watch.stop()
        figures = self._stage.figures
        figures.sequences += 1
        for outcome, count in self._watch.outcomes.items():
            figures.outcomes[outcome] += count
        figures.last_accepted += self._judge.last_accepted.values()
        figures.last_accepted_blind += self._judge.last_accepted_blind.values()

    def check(self) -> None:
        """Raises `AssertionError`, with all that happened, for a violation."""
        if self._watch.violations:
            raise AssertionError(self._with_story(*self._watch.violations))
        self._watch.raise_failures()

    def note(self, line: str) -> None:
        self._story.append(f"{time.monotonic() - self._began:8.3f}  {line}")

    # The acts

    async def make(self, kind: str) -> None:
        """A new credential; the one that it takes the place of stays as it is."""
        await self._operator.make(await self._family(), kind)

    async def change(self, operation: str, kind: str) -> None:
        """Suspend, resume or revoke the newest of a kind."""
        await self._operator.change((await self._family()).things[kind], operation)

    async def rotate(self, kind: str, keep_old_for: int) -> None:
        """The newest credential of a kind."""
        await self._operator.rotate(await self._family(), kind, keep_old_for)

    async def end_version(self, kind: str, which: int) -> None:
        """One secret of it: the oldest (0) or the newest (-1) that is known."""
        version = (await self._family()).versions[kind][which]
        if version.status == "active":
            await self._operator.end_version(version)

    async def resume(self) -> None:
        """All that is suspended."""
        for thing in list((await self._family()).things.values()):
            if thing.status == "suspended":
                await self._operator.change(thing, "resume")

    async def end_token(self, kind: str, by: str) -> None:
        await self._operator.end_token(await self._family(), kind, by)

    async def end_signing_key(self) -> None:
        """The last of which a token has been seen."""
        key = list(self._stage.signing_keys.values())[-1]
        if key.status == "active":
            with self._faults.new_signing_key():
                await self._operator.end_signing_key(key)

    async def wait(self, seconds: float) -> None:
        self.note(f"wait {seconds} s")
        await asyncio.sleep(seconds)

    async def hurt(self, link: tuple[str, str], how: str) -> None:
        """See `Faults`; until `heal`."""
        self._faults.hurt(link, how)

    async def heal(self) -> None:
        self.note("heal")
        self._faults.heal()

    async def restart(self, instance: str, at_once: bool) -> None:
        await self._faults.restart(instance, at_once=at_once)
        self._watch.restarted.add(instance)

    async def restart_postgres(self, seconds: float) -> None:
        await self._faults.restart_postgres(seconds)

    async def restart_valkey(self, how: str, seconds: float) -> None:
        """`how` it comes back: one of `VALKEY_COMES_BACK`."""
        backup, kept = self._backup if how == "from backup" else (None, frozenset[Thing]())
        lost = how != "as it was"
        _lose(self._sessions() - kept if lost else ())
        await self._faults.restart_valkey(seconds, data=not lost, backup=backup)
        _lose(self._sessions() - kept if lost else ())  # also those that were created meanwhile
        self.note(f"Valkey is back, {how}")

    async def settle(self) -> None:
        """Heal everything; return when all is as the model has it, which may take `RECOVERY` seconds."""
        self._faults.heal()
        self.note("settle")
        try:
            await self._operator.resolve(self._families, self._stage.signing_keys.values())
            await self._watch.until_as_expected()
            await asyncio.sleep(self._faults.last_ended + CATCHING_UP - time.monotonic())
        except AssertionError as error:
            self.check()
            raise AssertionError(self._with_story(str(error))) from None
        self._judge.calm()
        self.check()

    # What they are made of

    async def _family(self) -> Family:
        """The newest company; one that is at its end has a new one in its place, unless a fault is in the way."""
        things = self._families[-1].things
        if any(things[kind].status == "revoked" for kind in ("company", "application", "booking")):
            await self._start_over()
        return self._families[-1]

    async def _start_over(self, patience: float = 0.0) -> None:
        self.note("a new company")
        family = await self._new_family(CREDENTIALS, patience)
        if family is not None:
            self._families.append(family)

    async def _new_family(self, credentials: Iterable[str], patience: float) -> Family | None:
        """None when for `patience` seconds there was a fault in the way."""
        number = self._stage.applications
        self._stage.applications += 1
        family = Family(number, f"c{number}-{time.time_ns():x}", self._stage.scopes_are_booked)
        family.signing_keys = self._stage.signing_keys
        return family if await self._operator.found(family, credentials, patience) else None

    async def _learn(self) -> None:
        """See whether tokens depend on bookings here, and whether changes come over a stream."""
        bystander = self._stage.bystander
        assert bystander is not None, self._with_story("no company could be created")
        async with asyncio.timeout(BUSY_MACHINE_LIMIT_S):
            while bystander.scopes_are_booked is None:
                await asyncio.sleep(0.1)
        self._stage.scopes_are_booked = bystander.scopes_are_booked
        async with redis.asyncio.from_url(self._plane.valkey.store.url()) as client:
            self._stage.streaming = self._judge.streaming = bool(await client.exists(STREAM))

    async def _route_enough(self) -> None:
        """Have routes for as many applications as one sequence may take up."""
        stage = self._stage
        if stage.applications + MOST_APPLICATIONS <= stage.routed:
            return
        stage.routed = stage.applications + ROUTES
        self._plane.route((0, *range(stage.applications, stage.routed)))
        urls = [f"{self._plane.urls[gateway]}/use/{stage.routed - 1}" for gateway in GATEWAYS]
        async with aiohttp.ClientSession() as client, asyncio.timeout(2 * RECOVERY):
            while any([(await send(client, "GET", url)).status != 401 for url in urls]):
                await asyncio.sleep(0.2)

    async def _back_up_valkey(self) -> None:
        sessions = frozenset(self._sessions())
        to = self._plane.var / f"valkey-{time.monotonic_ns()}"
        await asyncio.to_thread(self._plane.copy_valkey_data, to)
        self._backup = to, sessions

    def _probes(self) -> list[Probe]:
        families = [f for f in (self._stage.bystander, *self._families) if f is not None]
        return [probe for family in families for probe in family.probes]

    def _sessions(self) -> set[Thing]:
        return {thing for probe in self._probes() for thing in probe.depends_on if thing.kind == "session"}

    def _with_story(self, *errors: str) -> str:
        return "\n".join((*errors, "", *self._story[-LAST_LINES:]))


def _lose(sessions: Iterable[Thing]) -> None:
    for session in sessions:
        session.lost = True
