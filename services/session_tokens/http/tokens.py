"""The endpoints: the vendor's protocol (`/generate`, `/verify`), and the gateway's own call."""

import time
from collections.abc import Callable, Mapping
from functools import partial
from types import TracebackType
from typing import Any

import orjson
from aiohttp import web

from services.session_tokens.key_limits import KeyLimits
from services.session_tokens.metrics import TokenMetrics
from services.session_tokens.parameters import MAX_BODY_BYTES, as_query, parse
from services.session_tokens.tokens import Session, SessionTokens
from services.session_tokens.usage import SessionUsage
from services.session_tokens.wrong_token import EXPECTED, WrongToken, nothing_there
from shared.audit.ports import RefusalAudit
from shared.contracts.credential_expiry import expires_soon, expiry_fields
from shared.contracts.key_registry import AccessKey
from shared.contracts.session_tokens import RESOLVE_TOGETHER, ResolvedSession, TokensToResolve, TokenToResolve
from shared.errors import Invalid, ServiceError, Unauthenticated, UnsupportedMediaType
from shared.http.body import json_model, judge_again_with_body, read, require_content_type
from shared.http.client_address import ClientAddresses
from shared.http.endpoints import route_of
from shared.http.responses import NO_STORE, error_headers, json_response, problem, status_of
from shared.logging import access_rendered, rendered_fields, request_id
from shared.logging.request_ids import usable_request_id
from shared.report_only.report_only_set import ReportOnlySet
from shared.service_tokens import ServiceAuthenticator

JSON_NO_STORE = {"Content-Type": "application/json; charset=utf-8", **NO_STORE}
AREA = "session_tokens"
RESOLVED_LINE = rendered_fields(
    {"path": RESOLVE_TOGETHER}, {"method": "POST", "route": RESOLVE_TOGETHER, "status": 200}
)
"""Of the access log, for each token that was resolved together with others: under its own request's id."""
STATUS: dict[type[ServiceError], int] = {Unauthenticated: 403, UnsupportedMediaType: 400}
"""Where the protocol's statuses are not the usual ones."""


class SessionTokenEndpoints:
    def __init__(
        self,
        tokens: SessionTokens,
        *,
        authenticator: ServiceAuthenticator,
        addresses: ClientAddresses,
        audit: RefusalAudit,
        metrics: TokenMetrics,
        now: Callable[[], float],
        report_only_set: ReportOnlySet,
        limits: KeyLimits,
        usage: SessionUsage,
    ) -> None:
        self._report_only_set = report_only_set
        self._usage = usage
        self._tokens = tokens
        self._authenticator = authenticator
        self._addresses = addresses
        self._audit = audit
        self._metrics = metrics
        self._now = now
        self._limits = limits

    async def generate(self, request: web.Request) -> web.Response:
        """POST /generate"""
        with self._counting(request):
            secret = _single_header(request, "x-api-key")
            key = await self._tokens.authorize(secret)
            client, route = self._addresses.of(request), route_of(request)
            limited = await self._limits.require(key.key, route=route, client=client)
        ttl, uses = _query_parameter(request, "ttl"), _query_parameter(request, "uses")
        require_content_type(request, "application/json")
        judge_again_with_body(request, partial(self._tokens.authorize, secret))
        parameters = parse(await read(request, limit=MAX_BODY_BYTES))
        with self._counting(request):
            created = await self._tokens.create(key, parameters, ttl=ttl, uses=uses)
        self._usage.created(key.key, created.expires_at, parameters, route, client)
        self._metrics.created += 1
        self._count_trial(key.key)
        body = orjson.dumps({"token": created.token, "expiration_time": created.expires_at})
        return _json(body, {**self._expiry(key.key), **limited})

    async def verify(self, request: web.Request) -> web.Response:
        """GET /verify, and HEAD, which counts as no use."""
        peek = request.method == "HEAD"
        with self._counting(request):
            session = await self._resolved(_single_header(request, "x-api-token"), peek=peek)
        self._count_trial(session.key)
        self._usage.accepted(session.key, route_of(request), self._addresses.of(request))
        return _json(session.parameters, self._expiry(session.key))

    async def end(self, request: web.Request) -> web.Response:
        """DELETE /verify"""
        with self._counting(request):
            ended = await self._tokens.end(_single_header(request, "x-api-token"))
        if ended is not None:
            self._usage.ended(ended, route_of(request), self._addresses.of(request))
        return web.Response(status=204, headers=NO_STORE)

    async def resolve(self, request: web.Request) -> web.Response:
        """POST /internal/v1/resolve"""
        self._authenticator.require(request.headers.get("Authorization"), AREA)
        body = await json_model(request, TokenToResolve, from_own_service=True)
        try:
            session = await self._tokens.verify(body.token, peek=body.peek or body.defer_use)
        except WrongToken as error:
            self._metrics.refused(error)
            raise
        deferred = body.defer_use and session.counted and not body.peek
        return json_response(self._resolution(session, use_deferred=deferred), headers=NO_STORE)

    async def resolve_together(self, request: web.Request) -> web.Response:
        """POST /internal/v1/resolve-together"""
        self._authenticator.require(request.headers.get("Authorization"), AREA)
        started = time.perf_counter()
        asked = (await json_model(request, TokensToResolve, from_own_service=True)).tokens
        sessions = await self._tokens.find([each.token for each in asked])
        found = [each and self._resolution(each, use_deferred=each.counted) for each in sessions]
        duration_ms = (time.perf_counter() - started) * 1000
        for token, session in zip(asked, sessions, strict=True):
            if session is not None:
                access_rendered(RESOLVED_LINE, usable_request_id(token.request_id), duration_ms)
        return json_response({"sessions": found}, headers=NO_STORE)

    def _resolution(self, session: Session, *, use_deferred: bool) -> dict[str, Any]:
        """What the gateway is told of it."""
        if not use_deferred:
            self._metrics.resolved += 1
        ends_at = session.key.ends_at
        soon = ends_at if expires_soon(ends_at, self._now()) else None
        return _resolved(session, soon, use_deferred=use_deferred).model_dump()

    def _count_trial(self, key: AccessKey) -> None:
        """Of a public request: what the gateway resolves, it counts itself."""
        if self._report_only_set.trial_stops:
            self._report_only_set.count_stop(key.depends_on, key.company.id, request_id.get())

    def _expiry(self, key: AccessKey) -> dict[str, str]:
        return expiry_fields(key.ends_at, self._now())

    async def _resolved(self, token: str, *, peek: bool) -> Session:
        session = await self._tokens.verify(token, peek=peek)
        self._metrics.resolved += 1
        return session

    def _counting(self, request: web.Request) -> "_Counting":
        return _Counting(self._count_refused, request)

    def _count_refused(self, request: web.Request, error: WrongToken) -> None:
        self._metrics.refused(error)
        client = self._addresses.of(request)
        if not error.noted:
            self._audit.count_refusal(
                cause=error.cause, endpoint=route_of(request), client=client, mismatch=error.mismatch
            )
        elif error.key is not None:
            self._usage.refused(error.key, error.cause, route_of(request), client)


class _Counting:
    """Around a public request: what is refused as unknown is counted by endpoint and address.

    What the gateway resolves is counted there, where route and address are known.
    """

    __slots__ = ("_count", "_request")

    def __init__(self, count: Callable[[web.Request, WrongToken], None], request: web.Request) -> None:
        self._count = count
        self._request = request

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, WrongToken):
            self._count(self._request, error)


def render_error(error: ServiceError) -> web.Response:
    """`{"message": ...}`: the vendor's shape of an error, as JSON."""
    status = STATUS.get(type(error)) or status_of(error)
    return json_response({"message": error.description}, status=status, headers=error_headers(error))


def render_internal_error(error: ServiceError) -> web.Response:
    """For the gateway: a wrong token with its cause, distinct from a call that is not allowed."""
    if not isinstance(error, WrongToken):
        return problem(error)
    body = {"message": error.description, "cause": error.cause, "known": error.noted}
    if error.key is not None:
        key = error.key
        body |= {"access_key_id": key.id, "access_key_version": key.version}
        body |= {"company_id": key.company.id, "company": key.company.client_prefix}
    return json_response(body, status=403, headers=error_headers(error))


def _single_header(request: web.Request, header: str) -> str:
    """The header's value; "", which is never valid, when it is repeated. Raises `WrongToken` when it is absent, or
    empty, as it is of a variable that is not set."""
    values = request.headers.getall(header, ())
    if not any(values):
        raise nothing_there(request.headers.items(), request.query.items(), EXPECTED[header])
    return values[0] if len(values) == 1 else ""


def _query_parameter(request: web.Request, name: str) -> str | None:
    if not request.rel_url.raw_query_string:
        return None
    values = request.query.getall(name, [])
    if len(values) > 1:
        raise Invalid.field(name, "is repeated")
    return values[0] if values else None


def _json(body: bytes, more: Mapping[str, str]) -> web.Response:
    return web.Response(body=body, headers={**JSON_NO_STORE, **more})


def _resolved(session: Session, expires_soon_at: float | None, *, use_deferred: bool) -> ResolvedSession:
    return ResolvedSession(
        parameters=as_query(session.parameters),
        company=session.key.company.client_prefix,
        company_id=session.key.company.id,
        access_key_id=session.key.id,
        access_key_version=session.key.version,
        credential_expires_at=expires_soon_at,
        token_id=session.id,
        expires_at=session.expires_at,
        use_deferred=use_deferred,
    )
