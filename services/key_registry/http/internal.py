"""`/internal/v1`: for the other services alone, who say so with a service token. Wire types: `shared.contracts`."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from pydantic import BaseModel

from services.key_registry.admin.revocations import Revocations
from services.key_registry.changes.consumers import Consumers
from services.key_registry.changes.feed import MAX_PAGE, Feed
from services.key_registry.events.quota_notices import QuotaNotices
from services.key_registry.leaks.found import Found
from services.key_registry.lookups import Lookups
from services.key_registry.operations.signing_keys.keys import SigningKeys
from services.key_registry.recording.recorder import AuditLog
from services.key_registry.refused_calls.refusal_traces.keeper import TraceKeeper
from services.key_registry.refused_calls.report_only.keeper import ReportOnlyKeeper
from services.key_registry.usage.keeper import UsageKeeper
from shared import opaque
from shared.contracts import key_registry as wire
from shared.contracts.limits import QuotaNoticeBatch
from shared.contracts.refusal_traces import TraceBatch
from shared.contracts.report_only import ReportOnlyBatch
from shared.contracts.signing_keys import SigningKeyReport
from shared.contracts.usage.messages import UsageBatch
from shared.errors import FieldError, NotFound, Unprocessable
from shared.http.body import json_model
from shared.http.responses import NO_STORE, json_response
from shared.identifiers import KID, SHA256
from shared.service_tokens import ServiceAuthenticator

MAX_AUDIT_BODY_BYTES = 4 * 1024 * 1024
"""Bytes, for at most `MAX_EVENTS`."""
MAX_EVENTS = 1000
MAX_TRACES_BODY_BYTES = 2 * 1024 * 1024
MAX_REPORT_ONLY_BODY_BYTES = 1024 * 1024
"""Bytes, for at most `MAX_COUNTS`."""
MAX_USAGE_BODY_BYTES = 4 * 1024 * 1024
MAX_POSITION_BODY_BYTES = 16 * 1024
MAX_KEY_REPORT_BODY_BYTES = 256 * 1024
"""Bytes, for at most `MAX_REPORTED_KEYS`."""
MAX_AFTER = 2**62
"""The largest position that may be named."""

REPORTED_ACTORS = frozenset({"client", "access_key", "anonymous", "service"})
"""The kinds of actor that a service may report on; as a service it may name itself alone."""

Find = Callable[[Any], Awaitable[wire.Record | None]]


class InternalEndpoints:
    def __init__(
        self,
        *,
        lookups: Lookups,
        feed: Feed,
        consumers: Consumers,
        revocations: Revocations,
        audit_log: AuditLog,
        signing_keys: SigningKeys,
        authenticator: ServiceAuthenticator,
        traces: TraceKeeper,
        report_only: ReportOnlyKeeper,
        found: Found,
        usage: UsageKeeper,
        quota_notices: QuotaNotices,
    ) -> None:
        self._found = found
        self._quota_notices = quota_notices
        self._traces = traces
        self._report_only = report_only
        self._usage = usage
        self._lookups = lookups
        self._feed = feed
        self._consumers = consumers
        self._revocations = revocations
        self._audit_log = audit_log
        self._signing_keys = signing_keys
        self._authenticator = authenticator

    async def api_token(self, request: web.Request) -> web.Response:
        return await self._by_digest(self._lookups.api_token, request)

    async def access_key(self, request: web.Request) -> web.Response:
        return await self._by_digest(self._lookups.access_key, request)

    async def api_client(self, request: web.Request) -> web.Response:
        return await self._by_public_id(self._lookups.api_client, opaque.API_CLIENT_KEY, request)

    async def key_pair(self, request: web.Request) -> web.Response:
        return await self._by_public_id(self._lookups.key_pair, opaque.KEY_PAIR, request)

    async def _by_digest(self, find: Find, request: web.Request) -> web.Response:
        self._require(request, "credentials")
        digest = request.match_info["digest"]
        if SHA256.fullmatch(digest) is None:
            raise NotFound("there is no such credential")
        return await _found(find(bytes.fromhex(digest)))

    async def _by_public_id(self, find: Find, prefix: str, request: web.Request) -> web.Response:
        self._require(request, "credentials")
        public_id = request.match_info["public_id"]
        if not opaque.well_formed_id(prefix, public_id):
            raise NotFound("there is no such credential")
        return await _found(find(public_id))

    async def changes(self, request: web.Request) -> web.Response:
        self._require(request, "changes")
        after = _number(request, "after", 0, MAX_AFTER)
        limit = _number(request, "limit", MAX_PAGE, MAX_PAGE)
        return _model(await self._feed.page(after, limit, request.query.get("mark")))

    async def snapshot(self, request: web.Request) -> web.Response:
        self._require(request, "changes")
        headers = {**NO_STORE, "Content-Type": "application/json; charset=utf-8"}
        return web.Response(body=await self._feed.snapshot(), headers=headers)

    async def report(self, request: web.Request) -> web.Response:
        """204 when the position is known to every copy of the registry."""
        service = self._require(request, "changes")
        await self._consumers.report(
            await json_model(request, wire.Position, limit=MAX_POSITION_BODY_BYTES), service=service
        )
        return web.Response(status=204)

    async def audit(self, request: web.Request) -> web.Response:
        """204 when all events are durable."""
        service = self._require(request, "audit")
        batch = await json_model(request, wire.AuditBatch, limit=MAX_AUDIT_BODY_BYTES, from_own_service=True)
        if len(batch.events) > MAX_EVENTS:
            raise Unprocessable.field("events", f"are more than {MAX_EVENTS}")
        _check_actors(batch, service)
        if batch.events:
            await self._audit_log.audit(batch.events)
        return web.Response(status=204)

    async def add_traces(self, request: web.Request) -> web.Response:
        """204 when those that there is room for are kept."""
        self._require(request, "audit")
        batch = await json_model(request, TraceBatch, limit=MAX_TRACES_BODY_BYTES, from_own_service=True)
        await self._traces.add(batch.traces)
        return web.Response(status=204)

    async def add_report_only(self, request: web.Request) -> web.Response:
        """204 when the counts are durable."""
        self._require(request, "audit")
        limit = MAX_REPORT_ONLY_BODY_BYTES
        batch = await json_model(request, ReportOnlyBatch, limit=limit, from_own_service=True)
        await self._report_only.add(batch)
        return web.Response(status=204)

    async def add_quota_notices(self, request: web.Request) -> web.Response:
        """204 when their events are durable."""
        self._require(request, "audit")
        batch = await json_model(request, QuotaNoticeBatch, from_own_service=True)
        await self._quota_notices.add(batch.notices)
        return web.Response(status=204)

    async def trial_stops(self, request: web.Request) -> web.Response:
        self._require(request, "changes")
        return _model(await self._report_only.listed())

    async def add_usage(self, request: web.Request) -> web.Response:
        """204 when the counts are durable, now or since the batch was sent before."""
        self._require(request, "usage")
        batch = await json_model(request, UsageBatch, limit=MAX_USAGE_BODY_BYTES, from_own_service=True)
        await self._usage.add_usage(batch)
        return web.Response(status=204)

    async def revoke(self, request: web.Request) -> web.Response:
        """Its receipt, when the revocation is durable."""
        service = self._require(request, "revocations")
        receipt = await self._revocations.stop(await json_model(request, wire.Revocation), service=service)
        return _model(wire.Revoked(receipt=receipt))

    async def end_secret(self, request: web.Request) -> web.Response:
        """Whether it was the secret of a credential, which has ended, durably."""
        self._require(request, "revocations")
        found = await self._found.end_held(await json_model(request, wire.HeldSecret))
        return _model(wire.HeldSecretEnded(found=found))

    async def signing_keys(self, request: web.Request) -> web.Response:
        """The kids that each gateway has, when the report is durable."""
        self._require(request, "signing_keys")
        report = await json_model(request, SigningKeyReport, limit=MAX_KEY_REPORT_BODY_BYTES)
        return _model(await self._signing_keys.report(report))

    async def live_tokens(self, request: web.Request) -> web.Response:
        self._require(request, "signing_keys")
        kid = request.match_info["kid"]
        if KID.fullmatch(kid) is None:
            raise NotFound("there is no such key")
        return _model(await self._signing_keys.live_tokens(kid))

    def _require(self, request: web.Request, area: str) -> str:
        return self._authenticator.require(request.headers.get("Authorization"), area)


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
    """Raises `Unprocessable` for an actor that only the registry, or another service, may name."""
    for index, event in enumerate(batch.events):
        kind, _, name = event.actor.partition(":")
        if kind not in REPORTED_ACTORS or (kind == "service" and name != service):
            raise Unprocessable(
                "an event names an actor that is not the caller's to name",
                errors=[
                    FieldError(f"events.{index}.actor", "must be a credential, anonymous, or the caller itself")
                ],
            )
