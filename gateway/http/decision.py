"""The decision endpoint: what the gateway would do with a request, for a proxy that forwards itself."""

import structlog
from aiohttp import web
from multidict import CIMultiDict

from gateway.config import Settings
from gateway.decision import Decider
from gateway.decision_endpoint.described_request import described_head
from gateway.decision_endpoint.dialect import ENVOY, DecisionPath, IncompleteDescription, read_path
from gateway.decision_endpoint.response import (
    DecisionResponse,
    decision_response,
    forwarded_as_described,
    preflight_response,
)
from gateway.edge.client_origin import origin_of, unproxied
from gateway.forwarding.forward import Decision
from gateway.http1.field_block import MAX_FIELD_BYTES
from gateway.http1.fields import MAX_FIELDS
from gateway.http1.request import MAX_TARGET_BYTES, BadRequest
from gateway.proxy.report import Call, Report
from gateway.refused_calls.problems import (
    Refusal,
    incomplete_description,
    internal_error,
    malformed,
    not_a_trusted_proxy,
)
from gateway.routing.cors.preflight import Preflight, preflight_of, refusal_lines, response_lines
from shared.addresses.forwarded_for import TrustedProxies
from shared.http.server import finish_in_flight, listen
from shared.logging import request_id
from shared.logging.request_ids import adopt_request_id, new_request_id

log = structlog.get_logger()

_PROXY_FIELDS = 20
"""How many a proxy may add to the client's own."""
_KEEPALIVE_TIMEOUT_S = 7200.0
"""For which an idle connection of a proxy is kept: longer than proxies do, so that none ends under a request."""
_CONNECTIONS = {
    "keepalive_timeout": _KEEPALIVE_TIMEOUT_S,
    "max_line_size": MAX_TARGET_BYTES + 128,
    "max_field_size": MAX_FIELD_BYTES,
    "max_headers": MAX_FIELDS + _PROXY_FIELDS,
}
"""Wide enough that what is too long for the gateway gets the gateway's own refusal."""


class DecisionEndpoint:
    """Responds at every path. Bodies are not looked at."""

    def __init__(self, decider: Decider, proxies: TrustedProxies, report: Report) -> None:
        self._decider = decider
        self._proxies = proxies
        self._report = report

    async def decide(self, request: web.Request) -> web.Response:
        call = Call(BadRequest(""), unproxied(request.remote or ""), new_request_id())
        request_id.set(call.request_id)
        path: DecisionPath | None = None
        decision: Decision | Preflight
        try:
            path = self._path(request)
            decision = await self._decided(request, path, call)
        except _Refused as refused:
            decision = refused.refusal
        except Exception:
            log.exception("request.failed")
            decision = internal_error(route=call.route)
        found = self._response(decision, path, call)
        call.status = found.status
        call.detail = {**call.detail, "decided_for": path.dialect.name if path else "none"}
        self._report.ended(call)
        return _rendered(found)

    def _response(self, decision: Decision | Preflight, path: DecisionPath | None, call: Call) -> DecisionResponse:
        if isinstance(decision, Preflight):
            call.route, call.cause = decision.route, decision.cause
            return preflight_response(decision, call.request_id)
        if isinstance(decision, Refusal):
            self._report.refused(call, decision)
            lines = refusal_lines(call.head, self._decider.routes)
            return decision_response(decision, call.request_id, path, lines)
        route, identity = decision.route, decision.identity
        call.route = route.name
        if identity is not None:
            call.identity, call.company, call.credential = identity, identity.company, identity.credential
        lines = () if route.cors is None else response_lines(call.head, route.cors)
        return decision_response(decision, call.request_id, path, lines)

    def _path(self, request: web.Request) -> DecisionPath:
        """Raises `_Refused`."""
        if (request.remote or "") not in self._proxies:
            raise _Refused(not_a_trusted_proxy())
        try:
            path = read_path(request.raw_path, frozenset(name.lower() for name in request.headers))
        except IncompleteDescription as error:
            raise _Refused(incomplete_description(error)) from None
        return path

    async def _decided(self, request: web.Request, path: DecisionPath, call: Call) -> Decision | Preflight:
        """Raises `_Refused`."""
        peer = request.remote or ""
        try:
            head = described_head(request.method, path, request.raw_headers, peer, self._proxies)
        except BadRequest as error:
            raise _Refused(malformed(error)) from None
        except IncompleteDescription as error:
            raise _Refused(incomplete_description(error)) from None
        call.head, call.origin = head, origin_of(head, peer, self._proxies)
        if (given := request.headers.get("X-Request-Id")) is not None:
            call.request_id = adopt_request_id(given)
        if path.dialect is ENVOY and head.method == "OPTIONS":  # which others would take for leave to forward
            preflight = preflight_of(head, self._decider.routes())
            if preflight is not None:
                return preflight
        found = self._decider.decide(head, call.origin, call.request_id)
        decision = await found() if callable(found) else found
        return forwarded_as_described(decision, head.target, path)


def decision_servers(
    settings: Settings, decider: Decider, proxies: TrustedProxies, report: Report, *, reuse_port: bool
) -> "list[DecisionServer]":
    """The one that there is, where the settings want one."""
    if settings.decision_port is None:
        return []
    return [DecisionServer(DecisionEndpoint(decider, proxies, report), settings, reuse_port=reuse_port)]


class DecisionServer:
    """Listens from `start` to `stop`, on a port of its own; with `reuse_port` beside the other workers."""

    def __init__(self, endpoint: DecisionEndpoint, settings: Settings, *, reuse_port: bool) -> None:
        self._settings = settings
        self._reuse_port = reuse_port
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", endpoint.decide)
        app.on_response_prepare.append(_no_banner)
        self._runner = web.AppRunner(app, handle_signals=False, shutdown_timeout=settings.shutdown_grace)
        self.port = 0

    async def start(self) -> None:
        await self._runner.setup()
        settings = self._settings
        self._listener = await listen(
            self._runner,
            settings.decision_host,
            settings.decision_port or 0,
            host_setting="PASSGATE_DECISION_HOST",
            port_setting="PASSGATE_DECISION_PORT",
            reuse_port=self._reuse_port,
            **_CONNECTIONS,
        )
        self.port = self._listener.sockets[0].getsockname()[1]
        log.info("decision_listener.started", host=settings.decision_host, port=self.port)

    async def stop(self) -> None:
        self._listener.close()
        await finish_in_flight(self._runner, self._settings.shutdown_grace)
        await self._runner.cleanup()


class _Refused(Exception):
    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.cause)
        self.refusal = refusal


def _rendered(response: DecisionResponse) -> web.Response:
    return web.Response(status=response.status, body=response.body, headers=CIMultiDict(response.fields))


async def _no_banner(_: web.Request, response: web.StreamResponse) -> None:
    response.headers.pop("Server", None)
