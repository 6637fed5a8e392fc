"""One sequence on a running plane: what is changed and disturbed, one after the other, while all is asked about."""

import asyncio
import itertools
import time
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import redis.asyncio

from services.session_tokens.sealing import id_of
from shared.change_stream import STREAM
from tests.support import plane_probes as probes
from tests.support.plane import GATEWAYS, REGISTRIES, ROUTES, Plane
from tests.support.plane_family import CREDENTIALS, PATHS, Family
from tests.support.plane_faults import Faults
from tests.support.plane_figures import Figures
from tests.support.plane_model import RECOVERY, Event, Judge, Starvation, Thing
from tests.support.plane_probes import Probe, Told, send
from tests.support.plane_watch import Watch

ADMIN_TIMEOUT = aiohttp.ClientTimeout(total=5)
BYSTANDER = ("api_token", "access_key", "api_client")
VALKEY_COMES_BACK = ("as it was", "empty", "from backup")
STATUS = {"suspend": "suspended", "resume": "active", "revoke": "revoked"}
MOST_APPLICATIONS = 20
CATCHING_UP = 1.3
"""Seconds in which a consumer that works again has asked again, one call that was lost included."""
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
    """That have been made, one with each company; the first is the bystander's."""
    routed: int = ROUTES
    """Those below it have routes."""


class World:
    """Use `begin`, then the acts, then `settle`; and `end` in any case."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._plane = stage.plane
        self._judge = Judge(stage.plane.bound, stage.starvation, stage.streaming)
        self._faults = Faults(stage.plane, self._judge, self.note)
        self._families: list[Family] = []
        self._began = time.monotonic()
        self._story: list[str] = []
        self._watch = Watch(stage.plane, self._judge, self._probes, self.note)
        self._turns = itertools.cycle(zip(REGISTRIES * 3, GATEWAYS * 2, strict=True))
        self._client: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._backup: tuple[Path, frozenset[Thing]] = Path(), frozenset()
        """Valkey's data, and the sessions that are in it."""

    async def begin(self) -> None:
        """Returns when all that a new company has, and the bystander's, has been seen to work."""
        self._client = aiohttp.ClientSession(timeout=ADMIN_TIMEOUT)
        await self._plane.until_ready()
        await self._route_enough()
        await self._watch.start()
        if self._stage.bystander is None:
            self._stage.bystander = await self._new_family(BYSTANDER, RECOVERY)
            await self.settle()
            await self._learn()
        await self._start_over(RECOVERY)
        assert self._families, "\n".join(("no company could be made", *self._story))
        await self.settle()
        await self._back_up_valkey()

    async def end(self) -> None:
        self._faults.heal()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._watch.stop()
        if self._client is not None:
            await self._client.close()
        figures = self._stage.figures
        figures.sequences += 1
        for answer, count in self._watch.answers.items():
            figures.answers[answer] += count
        figures.last_yes += self._judge.last_yes.values()
        figures.last_blind_yes += self._judge.last_blind_yes.values()

    def check(self) -> None:
        """Raises `AssertionError`, with all that happened, for a violation."""
        if self._watch.violations:
            raise AssertionError("\n".join((*self._watch.violations, "", *self._story[-LAST_LINES:])))
        self._watch.raise_failures()

    def note(self, line: str) -> None:
        self._story.append(f"{time.monotonic() - self._began:8.3f}  {line}")

    # acts

    async def _start_over(self, patience: float = 0.0) -> None:
        """A new company with an application and a credential of each kind; what there was stays as it is."""
        self.note("a new company")
        family = await self._new_family(CREDENTIALS, patience)
        if family is not None:
            self._families.append(family)

    async def make(self, kind: str) -> None:
        """A new credential; the one that it takes the place of stays as it is."""
        await self._make(await self._family(), kind)

    async def resume(self) -> None:
        """All that is suspended."""
        for kind, thing in list((await self._family()).things.items()):
            if thing.status == "suspended":
                await self.change("resume", kind)

    async def change(self, operation: str, kind: str) -> None:
        """Suspend, resume or revoke the newest of a kind."""
        thing = (await self._family()).things[kind]
        path = f"/{PATHS[kind]}/{thing.id}/{operation}"
        await self._stop(thing, STATUS[operation], lambda: self._admin("POST", path))

    async def end_token(self, kind: str, by: str) -> None:
        """A `jwt` or a `session`: by the "holder", or by the "operator" who knows its id."""
        family = await self._family()
        thing = family.things.get(kind)
        if thing is not None and thing.status != "revoked":
            await self._stop(thing, "revoked", lambda: self._end_token(family, kind, by))

    async def end_signing_key(self) -> None:
        """Of those that tokens were signed with, the last that is known."""
        key = list(self._stage.signing_keys.values())[-1]
        if key.status == "active":
            with self._faults.new_signing_key():
                await self._stop(key, "revoked", lambda: self._revocation("signing_key", key.id))

    async def restart_valkey(self, how: str, seconds: float) -> None:
        """`how` it comes back: one of `VALKEY_COMES_BACK`; the backup is of the sequence's beginning."""
        backup, kept = self._backup if how == "from backup" else (None, frozenset[Thing]())
        lost = how != "as it was"
        self._lose(self._sessions() - kept if lost else ())
        await self._faults.restart_valkey(seconds, data=not lost, backup=backup)
        self._lose(self._sessions() - kept if lost else ())  # also those that were made meanwhile
        self.note(f"Valkey is back, {how}")

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

    async def settle(self) -> None:
        """Heal everything; return when everything is as the model has it, which it has `RECOVERY` seconds for."""
        self._faults.heal()
        self.note("settle")
        try:
            await self._resolve()
            await self._watch.until_as_expected()
            await asyncio.sleep(self._faults.last_ended + CATCHING_UP - time.monotonic())
        except AssertionError as error:
            self.check()
            raise AssertionError("\n".join((str(error), "", *self._story[-LAST_LINES:]))) from None
        self._judge.calm()
        self.check()

    # how they are done

    async def _learn(self) -> None:
        """See whether tokens hang on bookings here, and whether changes come over a stream."""
        assert self._stage.bystander is not None, "\n".join(("no company could be made", *self._story))
        async with asyncio.timeout(RECOVERY):
            while self._stage.bystander.scopes_are_booked is None:
                await asyncio.sleep(0.1)
        self._stage.scopes_are_booked = self._stage.bystander.scopes_are_booked
        async with redis.asyncio.from_url(self._plane.valkey.store.url()) as client:
            self._stage.streaming = self._judge.streaming = bool(await client.exists(STREAM))

    async def _back_up_valkey(self) -> None:
        sessions = frozenset(self._sessions())
        to = self._plane.var / f"valkey-{time.monotonic_ns()}"
        await asyncio.to_thread(self._plane.copy_valkey_data, to)
        self._backup = to, sessions

    def _lose(self, sessions: Iterable[Thing]) -> None:
        for session in sessions:
            session.lost = True

    async def _family(self) -> Family:
        """The newest company; one that is at its end has a new one in its place, unless a fault is in the way."""
        things = self._families[-1].things
        if any(things[kind].status == "revoked" for kind in ("company", "application", "booking")):
            await self._start_over()
        return self._families[-1]

    async def _route_enough(self) -> None:
        """Have routes for as many applications as one sequence may take."""
        stage = self._stage
        if stage.applications + MOST_APPLICATIONS <= stage.routed:
            return
        stage.routed = stage.applications + ROUTES
        self._plane.route((0, *range(stage.applications, stage.routed)))
        urls = [f"{self._plane.urls[gateway]}/use/{stage.routed - 1}" for gateway in GATEWAYS]
        assert self._client is not None
        async with asyncio.timeout(2 * RECOVERY):
            while any([(await send(self._client, "GET", url)).status != 401 for url in urls]):
                await asyncio.sleep(0.2)

    async def _new_family(self, credentials: tuple[str, ...], patience: float = 0.0) -> Family | None:
        """None when for `patience` seconds there was a fault in the way."""
        number = self._stage.applications
        self._stage.applications += 1
        family = Family(number, f"c{number}-{time.time_ns():x}", self._stage.scopes_are_booked)
        family.signing_keys = self._stage.signing_keys
        for kinds in (("company", "application"), ("booking",), credentials):
            await asyncio.gather(*(self._make(family, kind, patience) for kind in kinds))
            if not set(kinds) <= set(family.things):
                return None
        return family

    async def _make(self, family: Family, kind: str, patience: float = 0.0) -> None:
        path, body, key = f"/{PATHS[kind]}", family.body(kind), {"Idempotency-Key": uuid.uuid4().hex}
        over = time.monotonic() + patience
        while (told := await self._admin("POST", path, json=body, headers=key)).status != 201:
            if time.monotonic() > over:
                return
            await asyncio.sleep(0.1)
        family.add(kind, orjson.loads(told.body), time.monotonic())
        if kind == "key_pair":
            await self._use_assertion(family)

    async def _use_assertion(self, family: Family) -> None:
        """Once: after that it is as good as revoked."""
        pair = family.objects["key_pair"]
        assertion = probes.assertion(pair, family.uri, family.booked_scope)
        used = Thing("assertion", pair["kid"], time.monotonic())
        event = used.begin("revoked", time.monotonic())
        told = await self._send("POST", "", probes.exchange(assertion))
        if told.status == 200:
            event.acked = time.monotonic()
            family.add_replay(assertion, used)

    async def _stop(self, thing: Thing, status: str, ask: Callable[[], Awaitable[Told]]) -> None:
        """Or resume it: whatever `ask` does gives it this `status`, unless it is refused."""
        event = thing.begin(status, time.monotonic())
        told = await ask()
        if told.status in (200, 204):
            event.acked = time.monotonic()
        elif 400 <= told.status < 500:
            thing.refused(event)
        if told.receipt:
            self._own(self._follow_receipt(told.receipt, event))

    async def _follow_receipt(self, receipt: str, event: Event) -> None:
        told = await self._admin("GET", f"/receipts/{receipt}?wait=applied&timeout=3")
        if told.status == 200 and orjson.loads(told.body)["state"] == "applied":
            event.applied = time.monotonic()
            self._stage.figures.receipts.append(event.applied - (event.acked or event.applied))

    async def _revocation(self, kind: str, id_: str) -> Told:
        return await self._admin("POST", "/revocations", json={"kind": kind, "id": id_})

    async def _end_token(self, family: Family, kind: str, by: str) -> Told:
        token = family.tokens[kind]
        if by == "operator" and kind == "jwt":
            return await self._revocation(kind, family.things[kind].id)
        if by == "operator":
            return await self._revocation("session_token", id_of(token))
        if kind == "jwt":
            return await self._send("end", kind, probes.revocation(family.objects["api_client"], token))
        return await self._send("end", kind, probes.asking("DELETE", "/verify", headers={"x-api-token": token}))

    async def _resolve(self) -> None:
        """Find out what became of changes that nobody acknowledged."""
        deadline = time.monotonic() + 2 * RECOVERY
        for family in self._families:
            for kind, thing in family.things.items():
                while thing.uncertain and time.monotonic() < deadline and not await self._resolved(family, kind):
                    await asyncio.sleep(0.1)

    async def _resolved(self, family: Family, kind: str) -> bool:
        thing = family.things[kind]
        if kind in PATHS:
            told = await self._admin("GET", f"/{PATHS[kind]}/{thing.id}")
            if told.status == 200:
                thing.resolve(orjson.loads(told.body)["status"], time.monotonic())
            return told.status == 200
        told = await self._end_token(family, kind, "holder")
        if told.status in (200, 204) or (kind == "session" and told.status == 403):
            thing.resolve("revoked", time.monotonic())
        return 0 < told.status < 500

    async def _admin(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, **options: Any
    ) -> Told:
        assert self._client is not None
        registry, _ = next(self._turns)
        given = {"Authorization": f"Bearer {self._plane.admin_token}", **(headers or {})}
        url = f"{self._plane.urls[registry]}/admin/v1{path}"
        told = await send(self._client, method, url, headers=given, **options)
        self.note(f"{registry}: {method} {path}: {told.status or told.error}")
        return told

    async def _send(self, verb: str, kind: str, ask: probes.Ask) -> Told:
        assert self._client is not None
        _, gateway = next(self._turns)
        told = await ask(self._client, self._plane.urls[gateway])
        self.note(f"{gateway}: {verb} {kind}: {told.status or told.error}")
        return told

    def _own(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _probes(self) -> list[Probe]:
        families = [f for f in (self._stage.bystander, *self._families) if f is not None]
        return [probe for family in families for probe in family.probes]

    def _sessions(self) -> set[Thing]:
        return {thing for probe in self._probes() for thing in probe.depends_on if thing.kind == "session"}
