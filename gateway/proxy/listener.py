"""The public listener: each request is decided upon, forwarded or refused, and logged in one line."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from aiohttp import web

from gateway.decision import Decider, Forward
from gateway.headers import client_fields
from gateway.http1.request import BadRequest, RequestHead
from gateway.metrics import GatewayMetrics
from gateway.origin import Origin, origin_of, unproxied
from gateway.proxy.client_body import IncomingBody
from gateway.proxy.client_connection import Connection, Incoming
from gateway.proxy.exchange import ClientResponse
from gateway.proxy.ports import ClientLeft, Forwarder, UpstreamFailed
from gateway.proxy.report import report_refusal
from gateway.proxy.upstream_failure_log import UpstreamFailureLog
from gateway.refusal import Refusal, internal_error, malformed, upstream_failed
from shared.audit.trail import AuditTrail
from shared.http.connection import KEEPALIVE_TIMEOUT_S, finish
from shared.http.forwarded_for import TrustedProxies
from shared.http.middleware import adopt_request_id
from shared.http.server import bind
from shared.logging import access

log = structlog.get_logger()

LIVE = "/health/live"
_LINGER_S = 2.0
"""Seconds for which a refused body is still read, so that its sender gets to see the refusal."""
_CLIENT_LEFT = 499
_BODY_BUFFER_BYTES = 65536


@dataclass(slots=True)
class Call:
    """One request on its way, and what its log line will say."""

    incoming: Incoming
    response: ClientResponse
    origin: Origin
    request_id: str
    request: web.BaseRequest
    route: str = "unmatched"
    cause: str = ""
    company: str = ""
    credential: str = ""
    detail: Mapping[str, object] = field(default_factory=dict)
    upstream_seconds: float = 0.0


class PublicServer:
    """Listens from `start` to `stop`; `stop` finishes what is in flight, within `grace` seconds."""

    def __init__(
        self,
        decider: Decider,
        forwarder: Forwarder,
        *,
        proxies: TrustedProxies,
        audit: AuditTrail,
        metrics: GatewayMetrics,
        host: str,
        port: int,
        grace: float,
    ) -> None:
        self._decider = decider
        self._forwarder = forwarder
        self._proxies = proxies
        self._audit = audit
        self._metrics = metrics
        self._failures = UpstreamFailureLog(metrics)
        self._address = (host, port)
        self._grace = grace
        self._draining = False
        self._server: web.Server | None = None
        self._listener: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """The port that is listened on."""
        if self._listener is None:
            raise RuntimeError("the server is not started")
        port: int = self._listener.sockets[0].getsockname()[1]
        return port

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        server = self._server = web.Server(self._serve, handler_cancellation=True)
        options: dict[str, Any] = {
            "access_log": None,
            "auto_decompress": False,
            "keepalive_timeout": KEEPALIVE_TIMEOUT_S,
            "lingering_time": _LINGER_S,
            "read_bufsize": _BODY_BUFFER_BYTES,
        }
        self._listener = await bind(lambda: Connection(server, loop=loop, **options), *self._address)
        log.info("public_listener.started", host=self._address[0], port=self.port)

    async def stop(self) -> None:
        self._draining = True
        if self._listener is not None:
            self._listener.close()
        if self._server is not None:
            self._server.pre_shutdown()
            await finish(self._server, self._grace)

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        connection = request.protocol
        if not isinstance(connection, Connection):
            raise TypeError("requests come over the gateway's own connections")
        incoming = connection.incoming.popleft()
        head = incoming.head if isinstance(incoming.head, RequestHead) else None
        call = Call(
            incoming,
            ClientResponse(request, connection, head),
            unproxied(request.remote or ""),
            adopt_request_id(None),
            request,
        )
        if self._draining:
            call.response.close_after()
        started = time.perf_counter()
        self._metrics.active.inc()
        try:
            await self._respond(call)
        except ClientLeft as left:
            call.cause = call.cause or left.cause
            call.response.abort()
        except asyncio.CancelledError:
            call.cause = call.cause or "client_left"
            raise
        finally:
            self._metrics.active.dec()
            connection.request_done()
            self._log(call, time.perf_counter() - started)
        return call.response.done()

    async def _respond(self, call: Call) -> None:
        """The response, whatever happens: to a fault of ours it is an error of ours. Raises `ClientLeft`."""
        try:
            self._identify(call)
            await self._response(call)
        except ClientLeft:
            raise
        except Exception:
            log.exception("request.failed")
            await self._refuse(call, internal_error(route=call.route))

    def _identify(self, call: Call) -> None:
        """Where the call comes from, and the id that a trusted proxy has given it."""
        head = call.incoming.head
        if isinstance(head, BadRequest):
            return
        call.origin = origin_of(head, call.request.remote or "", self._proxies)
        if call.origin.trusted and (given := next(iter(head.values("x-request-id")), None)):
            call.request_id = adopt_request_id(given)

    async def _response(self, call: Call) -> None:
        head = call.incoming.head
        if isinstance(head, BadRequest):
            await self._refuse(call, malformed(head))
            return
        if head.target.partition("?")[0] == LIVE and head.method in ("GET", "HEAD"):
            call.route = LIVE
            await call.response.send(200, (("Content-Type", "application/json"),), b'{"status":"live"}')
            return
        decision = await self._decider.decide(head, call.origin, call.request_id)
        if isinstance(decision, Refusal):
            await self._refuse(call, decision)
            return
        call.route = decision.route.name
        if decision.identity is not None:
            call.company, call.credential = decision.identity.company, decision.identity.credential
        try:
            await self._forward(call, head, decision)
        except UpstreamFailed as error:
            self._failures.note(decision, error)
            detail = {"upstream": decision.route.upstream.name, "reason": error.detail}
            await self._fail(call, upstream_failed(error.status, error.cause, route=call.route, detail=detail))
        except BadRequest as error:  # in the body, some of which may be on its way already
            await self._fail(call, malformed(error, route=call.route))

    async def _forward(self, call: Call, head: RequestHead, forward: Forward) -> None:
        body = None
        if call.incoming.failure is not None:  # known already: then nothing of it goes upstream at all
            raise call.incoming.failure
        if head.has_body:
            body = IncomingBody(
                call.incoming, call.request.content, length=head.content_length, limit=forward.route.max_body
            )
            if head.expects_continue:
                await call.response.send_continue()
        started = time.perf_counter()
        async with self._forwarder.send(forward, body) as response:
            call.upstream_seconds = time.perf_counter() - started
            self._metrics.upstream_responded(call.route, forward.route.upstream.name, call.upstream_seconds)
            fields = client_fields(response.head.fields, request_id=call.request_id)
            await call.response.begin(response.head, fields, response.ready())
            async for piece in response.body():
                await call.response.write(piece)
            await call.response.end()

    async def _fail(self, call: Call, refusal: Refusal) -> None:
        """The gateway's own error, or a visible cut when a response has begun."""
        if call.response.status == 0:
            await self._refuse(call, refusal)
            return
        call.cause, call.detail = refusal.cause, refusal.detail
        call.response.abort()

    async def _refuse(self, call: Call, refusal: Refusal) -> None:
        call.route, call.cause, call.detail = refusal.route, refusal.cause, refusal.detail
        self._metrics.refused(refusal.route, refusal.cause)
        if refusal.credential is not None:
            call.company, call.credential = refusal.credential.company, refusal.credential.subject
            call.detail = refusal.credential.detail
            report_refusal(self._audit, refusal.credential, route=refusal.route, origin=call.origin)
        if call.response.status == 0:
            await call.response.refuse(refusal, call.request_id)
        else:
            call.response.abort()

    def _log(self, call: Call, seconds: float) -> None:
        head = call.incoming.head
        method, target = (head.method, head.target) if isinstance(head, RequestHead) else ("-", "-")
        status = call.response.status or _CLIENT_LEFT
        self._metrics.observe(call.route, method, status, seconds)
        if call.route == LIVE:
            return
        line = {
            "method": method,
            "path": target.partition("?")[0][:512],
            "route": call.route,
            "status": status,
            "duration_ms": round(seconds * 1000, 2),
            "upstream_ms": round(call.upstream_seconds * 1000, 2),
            **call.origin.log_fields,
        }
        more = {"company": call.company, "credential": call.credential, "cause": call.cause}
        known = bool(call.company) and not call.cause and status < 400
        access(
            {**line, **{name: value for name, value in more.items() if value}, **call.detail},
            sample=None if known else ("request", call.route, str(status), call.cause),
        )
