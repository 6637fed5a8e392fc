"""One sequence on a running plane: what is changed and disturbed, step by step, while everything is called."""

import asyncio
import time
from collections.abc import Iterable
from pathlib import Path

from tests.support.chaos.companies import Companies
from tests.support.chaos.family import CREDENTIALS, Family
from tests.support.chaos.faults import Faults
from tests.support.chaos.judge import Judge
from tests.support.chaos.limits.history import CHOICES, limits_of
from tests.support.chaos.model import Thing
from tests.support.chaos.operator import Operator
from tests.support.chaos.probes import Probe
from tests.support.chaos.stage import Stage
from tests.support.chaos.watch import Watch
from tests.support.waiting import BUSY_MACHINE_LIMIT_S

BYSTANDER = ("api_token", "access_key", "api_client")
VALKEY_COMES_BACK = ("as it was", "empty", "from backup")
CATCHING_UP = 1.3
"""Seconds in which a consumer that works again has polled again, one call that was lost included."""
LAST_LINES = 60


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
        self._companies = Companies(stage, self._operator)
        self._watch = Watch(stage.plane, self._judge, self._probes, self.note)
        self._backup: tuple[Path, frozenset[Thing]] = Path(), frozenset()
        """Valkey's data at the beginning, and the sessions that are in it."""

    async def begin(self) -> None:
        """Returns when all that a new company has, and the bystander's, has been seen to work.

        Nothing is hurt then: how long this takes says how busy the machine is, and nothing of the product.
        """
        await self._plane.until_ready()
        await self._companies.route_enough()
        await self._operator.start()
        await self._watch.start()
        if self._stage.bystander is None:
            self._stage.bystander = await self._companies.new(BYSTANDER, BUSY_MACHINE_LIMIT_S)
            await self.settle()
            await self._companies.learn()
            self._judge.streaming = self._stage.streaming
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

    async def limit(self, kind: str, choice: str, calls: int) -> None:
        """The newest of a kind, by one of `CHOICES`, for so many calls at least; "none" removes what it has."""
        thing = (await self._family()).things[kind]
        await self._operator.limit(thing, limits_of(CHOICES[choice]))
        await self._watch.until_answered(thing, calls)

    async def lift(self) -> None:
        """All limits of the newest company and of what it has."""
        for thing in list((await self._family()).things.values()):
            if thing.limits.present:
                await self._operator.limit(thing, limits_of(None))

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

    async def hurt_valkey(self, how: str) -> None:
        """The same for the connections of all gateways to it."""
        self._faults.hurt_valkey(how)

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
        """Heal everything, lift all limits; return when all is as the model has it.

        That may take `RECOVERY` seconds.
        """
        self._faults.heal()
        self.note("settle")
        try:
            await self._operator.resolve(self._families, self._stage.signing_keys.values())
            await self._operator.lift(self._limited())
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
        family = await self._companies.new(CREDENTIALS, patience)
        if family is not None:
            self._families.append(family)

    async def _back_up_valkey(self) -> None:
        sessions = frozenset(self._sessions())
        to = self._plane.var / f"valkey-{time.monotonic_ns()}"
        await asyncio.to_thread(self._plane.copy_valkey_data, to)
        self._backup = to, sessions

    def _probes(self) -> list[Probe]:
        families = [f for f in (self._stage.bystander, *self._families) if f is not None]
        return [probe for family in families for probe in family.probes]

    def _limited(self) -> Iterable[Thing]:
        return dict.fromkeys(thing for probe in self._probes() for thing in probe.limited_by)

    def _sessions(self) -> set[Thing]:
        return {thing for probe in self._probes() for thing in probe.depends_on if thing.kind == "session"}

    def _with_story(self, *errors: str) -> str:
        return "\n".join((*errors, "", *self._story[-LAST_LINES:]))


def _lose(sessions: Iterable[Thing]) -> None:
    for session in sessions:
        session.lost = True
