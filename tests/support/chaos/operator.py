"""Who creates and changes things: an operator at the registry's copies, and partners at the gateways, in turn."""

import asyncio
import itertools
import time
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from typing import Any

import aiohttp
import orjson

from shared.contracts.limits import Limits
from shared.contracts.session_tokens import session_token_id
from tests.support.chaos import probes as probes
from tests.support.chaos.family import PATHS, VERSION, Family, is_version
from tests.support.chaos.figures import Figures
from tests.support.chaos.limits.history import limits_of
from tests.support.chaos.model import RECOVERY, Event, Thing
from tests.support.chaos.plane import GATEWAYS, REGISTRIES, Plane
from tests.support.chaos.probes import Response, send

TIMEOUT = aiohttp.ClientTimeout(total=5)
RECEIPT_TIMEOUT = 3
"""Seconds for which a receipt is waited for."""
STATUS = {"suspend": "suspended", "resume": "active", "revoke": "revoked"}


class Operator:
    """`note` takes a line for each thing done. Nothing here raises for a fault that is in the way."""

    def __init__(self, plane: Plane, figures: Figures, note: Callable[[str], None]) -> None:
        self._plane = plane
        self._figures = figures
        self._note = note
        self._registries = itertools.cycle(REGISTRIES)
        self._gateways = itertools.cycle(GATEWAYS)
        self._client: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._client = aiohttp.ClientSession(timeout=TIMEOUT)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.close()

    async def found(self, family: Family, credentials: Iterable[str], patience: float) -> bool:
        """Make the company, its application and its `credentials`; False if that failed for `patience` seconds."""
        for kinds in (("company", "application"), ("booking",), tuple(credentials)):
            await asyncio.gather(*(self.make(family, kind, patience) for kind in kinds))
            if not set(kinds) <= set(family.things):
                return False
        return True

    async def make(self, family: Family, kind: str, patience: float = 0.0) -> None:
        """A new object of this kind; the one that it takes the place of stays as it is."""
        path, body, key = f"/{PATHS[kind]}", family.body(kind), {"Idempotency-Key": uuid.uuid4().hex}
        over = time.monotonic() + patience
        while (response := await self._admin("POST", path, json=body, headers=key)).status != 201:
            if time.monotonic() > over:
                return
            await asyncio.sleep(0.1)
        family.add(kind, orjson.loads(response.body), time.monotonic())
        if kind == "key_pair":
            await self._use_assertion(family)

    async def change(self, thing: Thing, operation: str) -> None:
        path = f"/{PATHS[thing.kind]}/{thing.id}/{operation}"
        await self._give(thing, STATUS[operation], lambda: self._admin("POST", path))

    async def limit(self, thing: Thing, limits: Limits) -> bool:
        """Set them in the place of those that it has. Returns whether they are known to be set, or refused."""
        event = thing.limits.begin(limits, time.monotonic())
        given = None if limits.empty else limits.model_dump(exclude_none=True)
        response = await self._admin("PATCH", f"/{PATHS[thing.kind]}/{thing.id}", json={"limits": given})
        if response.status == 200:
            event.acked = time.monotonic()
        elif 400 <= response.status < 500:
            thing.limits.refused(event)
        return 0 < response.status < 500

    async def lift(self, things: Iterable[Thing]) -> None:
        """All limits of `things`; tried again while a fault is in the way, or has been until just now."""
        deadline = time.monotonic() + 2 * RECOVERY
        for thing in [thing for thing in things if thing.limits.present and thing.status != "revoked"]:
            while not await self.limit(thing, Limits()) and time.monotonic() < deadline:
                await asyncio.sleep(0.1)

    async def rotate(self, family: Family, kind: str, keep_old_for: int) -> None:
        """A new secret of the newest credential of a kind; the one before ends at once, or goes on."""
        credential, (*_, current) = family.things[kind], family.versions[kind]
        path, key = f"/{PATHS[kind]}/{credential.id}/rotate", {"Idempotency-Key": uuid.uuid4().hex}
        responses: list[Response] = []

        async def call() -> Response:
            body = {"keep_old_for": keep_old_for}
            responses.append(await self._admin("POST", path, json=body, headers=key))
            return responses[0]

        if keep_old_for:
            await call()
        else:
            await self._give(current, "revoked", call)
        if responses[0].status == 201:
            family.add_secret(kind, orjson.loads(responses[0].body), time.monotonic())

    async def end_version(self, version: Thing) -> None:
        """One secret of a credential, and what was issued with it."""
        await self._give(version, "revoked", lambda: self._admin("POST", f"{_path_of(version)}/revoke"))

    async def end_token(self, family: Family, kind: str, by: str) -> None:
        """A `jwt` or a `session`: by the "holder", or by the "operator" who knows its id."""
        thing = family.things.get(kind)
        if thing is not None and thing.status != "revoked":
            await self._give(thing, "revoked", lambda: self._end_token(family, kind, by))

    async def end_signing_key(self, key: Thing) -> None:
        await self._give(key, "revoked", lambda: self._revoke("signing_key", key.id))

    async def resolve(self, families: Iterable[Family], signing_keys: Iterable[Thing]) -> None:
        """Find out what became of changes that nobody acknowledged."""
        deadline = time.monotonic() + 2 * RECOVERY
        changed = [(family, thing) for family in families for thing in family.things.values()]
        changed += [(family, v) for family in families for of in family.versions.values() for v in of]
        changed += [(Family(0, ""), key) for key in signing_keys]
        for family, thing in changed:
            while thing.in_doubt and time.monotonic() < deadline and not await self._resolved(family, thing):
                await asyncio.sleep(0.1)

    async def _resolved(self, family: Family, thing: Thing) -> bool:
        if thing.kind in PATHS:
            response = await self._admin("GET", f"/{PATHS[thing.kind]}/{thing.id}")
            if response.status == 200:
                found = orjson.loads(response.body)
                thing.resolve(found["status"], time.monotonic())
                thing.limits.resolve(limits_of(found.get("limits")), time.monotonic())
            return 0 < response.status < 500
        if is_version(thing):
            response = await self._admin("GET", _path_of(thing).partition("/versions/")[0])
            if response.status == 200:
                thing.resolve(_status_of(thing, orjson.loads(response.body)), time.monotonic())
            return 0 < response.status < 500
        if thing.kind == "signing_key":  # to end it again is harmless
            response = await self._revoke(thing.kind, thing.id)
        else:
            response = await self._end_token(family, thing.kind, "holder")
        if response.status in (200, 204) or (thing.kind == "session" and response.status == 403):
            thing.resolve("revoked", time.monotonic())
        return 0 < response.status < 500

    async def _use_assertion(self, family: Family) -> None:
        """Once: after that it counts as revoked."""
        pair = family.objects["key_pair"]
        assertion = probes.assertion(pair, family.uri, family.booked_scope)
        used = Thing("assertion", pair["kid"], time.monotonic())
        event = used.begin("revoked", time.monotonic())
        response = await self._partner("an assertion is used", probes.exchange(assertion))
        if response.status == 200:
            event.acked = time.monotonic()
            family.add_replay(assertion, used)

    async def _give(self, thing: Thing, status: str, call: Callable[[], Awaitable[Response]]) -> None:
        """Whatever `call` does gives the thing this `status`, unless it is refused."""
        event = thing.begin(status, time.monotonic())
        response = await call()
        if response.status in (200, 201, 204):
            event.acked = time.monotonic()
        elif 400 <= response.status < 500:
            thing.refused(event)
        if response.receipt:
            self._own(self._follow(response.receipt, event))

    async def _follow(self, receipt: str, event: Event) -> None:
        response = await self._admin("GET", f"/receipts/{receipt}?wait=applied&timeout={RECEIPT_TIMEOUT}")
        if response.status == 200 and orjson.loads(response.body)["state"] == "applied":
            event.applied = time.monotonic()
            self._figures.receipts.append(event.applied - (event.acked or event.applied))

    async def _end_token(self, family: Family, kind: str, by: str) -> Response:
        token = family.tokens[kind]
        match kind, by:
            case "jwt", "operator":
                return await self._revoke(kind, family.things[kind].id)
            case "jwt", _:
                call = probes.revocation(family.objects["api_client"], token)
                return await self._partner("a JWT is ended", call)
            case _, "operator":
                return await self._revoke("session_token", session_token_id(token))
            case _:
                call = probes.request("DELETE", "/verify", headers={"x-api-token": token})
                return await self._partner("a session is ended", call)

    async def _revoke(self, kind: str, id_: str) -> Response:
        return await self._admin("POST", "/revocations", json={"kind": kind, "id": id_})

    async def _admin(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, **options: Any
    ) -> Response:
        assert self._client is not None
        registry = next(self._registries)
        given = {"Authorization": f"Bearer {self._plane.admin_token}", **(headers or {})}
        url = f"{self._plane.urls[registry]}/admin/v1{path}"
        response = await send(self._client, method, url, headers=given, **options)
        about = f" {options['json']}" if path == "/revocations" or method == "PATCH" else ""
        self._note(f"{registry}: {method} {path}{about}: {response.status or response.error}")
        return response

    async def _partner(self, what: str, call: probes.Call) -> Response:
        assert self._client is not None
        gateway = next(self._gateways)
        response = await call(self._client, self._plane.urls[gateway])
        self._note(f"{gateway}: {what}: {response.status or response.error}")
        return response

    def _own(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _path_of(version: Thing) -> str:
    credential, _, number = version.id.rpartition("_v")
    return f"/{PATHS[version.kind.removesuffix(VERSION)]}/{credential}/versions/{number}"


def _status_of(version: Thing, credential: Mapping[str, Any]) -> str:
    states = {str(item["version"]): item["state"] for item in credential["versions"]}
    return "revoked" if states[version.id.rpartition("_v")[2]] == "retired" else "active"
