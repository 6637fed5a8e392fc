"""`/internal/v1`: for the other services alone, who say so with a service token. Wire types: `shared.contracts`."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from aiohttp import web
from pydantic import BaseModel

from services.key_registry.admin.recorder import AuditLog
from services.key_registry.admin.revocations import Revocations
from services.key_registry.changes.consumers import Consumers
from services.key_registry.changes.feed import MAX_PAGE, Feed
from services.key_registry.lookups import Lookups
from services.key_registry.storage.ports import FORGOTTEN_AFTER_S
from shared import opaque
from shared.contracts import key_registry as wire
from shared.contracts.identifiers import SECRET_DIGEST
from shared.errors import FieldError, NotFound, Unprocessable
from shared.http.body import json_model
from shared.http.endpoints import Endpoint, Parameter, Response
from shared.http.responses import NO_STORE, json_response
from shared.service_tokens import ServiceAuthenticator

MAX_AUDIT_BODY = 4 * 1024 * 1024
"""Bytes, for at most `MAX_EVENTS`."""
MAX_EVENTS = 1000
MAX_POSITION = 4 * 1024
"""Bytes."""
MARKS = """\
`mark` is that of the position `after`. Positions of a history that was lost (a restore, a failover) have other
marks: `gap` is true for them, and where changes after the position are no longer kept. Then load a snapshot.
"""

Find = Callable[[Any], Awaitable[wire.Record | None]]


class InternalEndpoints:
    def __init__(
        self,
        lookups: Lookups,
        feed: Feed,
        consumers: Consumers,
        revocations: Revocations,
        audit_log: AuditLog,
        authenticator: ServiceAuthenticator,
    ) -> None:
        self._lookups = lookups
        self._feed = feed
        self._consumers = consumers
        self._revocations = revocations
        self._audit_log = audit_log
        self._authenticator = authenticator

    async def by_digest(self, find: Find, request: web.Request) -> web.Response:
        self._require(request, "credentials")
        digest = request.match_info["digest"]
        if SECRET_DIGEST.fullmatch(digest) is None:
            raise NotFound("there is no such credential")
        return await _found(find(bytes.fromhex(digest)))

    async def by_public_id(self, find: Find, prefix: str, request: web.Request) -> web.Response:
        self._require(request, "credentials")
        public_id = request.match_info["public_id"]
        if not opaque.well_formed_id(prefix, public_id):
            raise NotFound("there is no such credential")
        return await _found(find(public_id))

    async def changes(self, request: web.Request) -> web.Response:
        self._require(request, "changes")
        after = _number(request, "after", 0, 2**62)
        limit = _number(request, "limit", MAX_PAGE, MAX_PAGE)
        return _model(await self._feed.page(after, limit, request.query.get("mark")))

    async def snapshot(self, request: web.Request) -> web.Response:
        self._require(request, "changes")
        headers = {**NO_STORE, "Content-Type": "application/json; charset=utf-8"}
        return web.Response(body=await self._feed.snapshot(), headers=headers)

    async def report(self, request: web.Request) -> web.Response:
        """204 when the position is known to every copy of the registry."""
        service = self._require(request, "changes")
        await self._consumers.report(await json_model(request, wire.Position, limit=MAX_POSITION), service=service)
        return web.Response(status=204)

    async def audit(self, request: web.Request) -> web.Response:
        """204 when all events are durable."""
        service = self._require(request, "audit")
        batch = await json_model(request, wire.AuditBatch, limit=MAX_AUDIT_BODY)
        if len(batch.events) > MAX_EVENTS:
            raise Unprocessable.field("events", f"are more than {MAX_EVENTS}")
        _check_actors(batch, service)
        if batch.events:
            await self._audit_log.audit(batch.events)
        return web.Response(status=204)

    async def revoke(self, request: web.Request) -> web.Response:
        """Its receipt, when the revocation is durable."""
        service = self._require(request, "revocations")
        receipt = await self._revocations.stop(await json_model(request, wire.Revocation), service=service)
        return _model(wire.Revoked(receipt=receipt))

    def _require(self, request: web.Request, area: str) -> str:
        return self._authenticator.require(request.headers.get("Authorization"), area)

    def endpoints(self) -> list[Endpoint]:
        look = self._lookups
        found = [
            self._look_up("api-tokens/{digest}", partial(self.by_digest, look.api_token), wire.ApiToken),
            self._look_up("access-keys/{digest}", partial(self.by_digest, look.access_key), wire.AccessKey),
            self._look_up(
                "api-clients/{public_id}",
                partial(self.by_public_id, look.api_client, opaque.API_CLIENT_KEY),
                wire.ApiClient,
            ),
            self._look_up(
                "key-pairs/{public_id}", partial(self.by_public_id, look.key_pair, opaque.KEY_PAIR), wire.KeyPair
            ),
        ]
        internal = partial(Endpoint, tag="internal", security="service_token")
        number = {"type": "integer", "minimum": 0}
        found += [
            internal(
                "GET",
                "/internal/v1/changes",
                self.changes,
                "What changed after a position, in order",
                description=MARKS,
                parameters=(
                    Parameter("after", schema=number),
                    Parameter("mark", schema={"type": "string"}),
                    Parameter("limit", schema=number),
                ),
                poll=True,
                responses={200: Response("A page of the feed", wire.ChangePage)},
            ),
            internal(
                "GET",
                "/internal/v1/snapshot",
                self.snapshot,
                "All that is stopped now",
                responses={200: Response("The snapshot", wire.Snapshot)},
            ),
            internal(
                "POST",
                "/internal/v1/positions",
                self.report,
                "Report which change was applied last",
                description=f"Who says nothing for {FORGOTTEN_AFTER_S:g} s, or for its `staleness_bound` where "
                "that is longer, is forgotten; who is leaving at once.",
                body=wire.Position,
                poll=True,
                responses={204: Response("Known to every copy of the registry")},
            ),
            internal(
                "POST",
                "/internal/v1/audit",
                self.audit,
                "Add lines to the audit trail",
                body=wire.AuditBatch,
                poll=True,
                responses={204: Response("All lines are durable")},
            ),
            internal(
                "POST",
                "/internal/v1/revocations",
                self.revoke,
                "Revoke what the registry does not keep",
                body=wire.Revocation,
                responses={200: Response("The revocation is durable", wire.Revoked)},
            ),
        ]
        return found

    def _look_up(
        self, path: str, handler: Callable[[web.Request], Awaitable[web.Response]], model: type[wire.Record]
    ) -> Endpoint:
        responses = {200: Response("The credential, whatever its status", model), 404: Response("There is none")}
        summary = f"Look up by {path.partition('{')[2][:-1].replace('_', ' ')}"
        return Endpoint(
            "GET",
            f"/internal/v1/{path}",
            handler,
            summary,
            tag="internal",
            security="service_token",
            responses=responses,
        )


async def _found(finding: Awaitable[wire.Record | None]) -> web.Response:
    record = await finding
    if record is None:
        raise NotFound("there is no such credential")
    return _model(record)


def _model(value: BaseModel) -> web.Response:
    return json_response(value.model_dump(), headers=NO_STORE)


def _number(request: web.Request, name: str, default: int, maximum: int) -> int:
    text = request.query.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) <= 19 and int(text) <= maximum):
        raise Unprocessable.field(name, f"must be a number of at most {maximum}")
    return int(text)


def _check_actors(batch: wire.AuditBatch, service: str) -> None:
    """A service reports on clients and on itself, never of an administrator or of another service."""
    for index, event in enumerate(batch.events):
        kind, _, name = event.actor.partition(":")
        if kind == "admin" or (kind == "service" and name != service):
            raise Unprocessable(
                "an event names an actor that is not the caller's to name",
                errors=[FieldError(f"events.{index}.actor", "must be a client, anonymous, or the caller itself")],
            )
