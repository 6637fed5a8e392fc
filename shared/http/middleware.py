"""What happens around every request: its id, its errors in the endpoint's shape, one log line, one observation."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from shared import errors
from shared.audit.origin import Origin, request_origin
from shared.http.connection import RequestHandler
from shared.http.endpoints import Endpoint, RenderError, route_of
from shared.http.metrics import HttpMetrics
from shared.http.responses import internal_error, problem, status_of
from shared.logging import access, access_admits, access_rendered, rendered_fields, request_id
from shared.logging.redaction import cut, redacted
from shared.logging.request_ids import adopt_request_id

if TYPE_CHECKING:  # which knows the services' keys
    from shared.http.client_address import ClientAddresses
    from shared.refusal_traces.service_refusals import ServiceRefusals

log = structlog.get_logger()

QUIET = frozenset({"/health/live", "/health/ready", "/health", "/metrics"})
"""Polled for ever, and so left out of the access log: health logs what changes."""
MAX_PATH_CHARACTERS = 512
MAX_RENDERED_FIELDS = 1024
"""Combinations of fields whose rendering is cached: most calls of a client differ in nothing else."""
REFUSED = web.RequestKey("refused", str)
"""A handler's note on its request: why a credential was refused, in a response with whatever status."""


ERROR = web.RequestKey("error", errors.ServiceError)
"""The error that a request ended in."""


def instrument(
    metrics: HttpMetrics,
    endpoints: Sequence[Endpoint] = (),
    addresses: "ClientAddresses | None" = None,
    traces: "ServiceRefusals | None" = None,
    render_unmatched: RenderError = problem,
) -> Middleware:
    """`endpoints`: how their errors look, and which of them require a credential.

    `addresses`: whose word names the client; without it the client is the other end of the connection.
    `traces`: what gets to know of each refusal.
    `render_unmatched`: how the error of a path looks that no endpoint has.
    """
    renderers = {endpoint.path: endpoint.render_error for endpoint in endpoints}
    access_log = AccessLog(addresses)
    by_route = {(endpoint.method, endpoint.path): endpoint for endpoint in endpoints}

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        started = time.perf_counter()
        rid = adopt_request_id(request.headers.get("X-Request-Id"))
        route = route_of(request)
        origin = Origin(route, lambda: access_log.client(request)["client"])
        request_origin.set(origin)
        metrics.in_flight += 1
        connection = request.protocol
        if isinstance(connection, RequestHandler):
            connection.request_begun(request)
        status = 499  # the caller left before there was a response
        try:
            response = await _response(request, handler, renderers.get(_path(request, route), render_unmatched))
            status = response.status
            response.headers["X-Request-Id"] = rid
            if isinstance(connection, RequestHandler) and connection.draining:
                response.force_close()
            return response
        finally:
            if isinstance(connection, RequestHandler):
                connection.response_created()
            seconds = time.perf_counter() - started
            metrics.in_flight -= 1
            metrics.observe(request.method, route, status, seconds)
            if route not in QUIET:
                endpoint = by_route.get(("GET" if request.method == "HEAD" else request.method, route))
                cause = request.get(REFUSED, "")
                access_log.write(request, route, endpoint, status, cause, seconds)
                if traces is not None and (status >= 400 or origin.noted or cause):
                    _record(traces, request, origin, rid, status, cause)

    return middleware


def _record(
    traces: "ServiceRefusals", request: web.Request, origin: Origin, rid: str, status: int, cause: str
) -> None:
    traces.record_response(
        request_id=rid,
        method=request.method,
        path=request.rel_url.raw_path,
        route=origin.endpoint,
        status=status,
        client=origin.client(),
        error=request.get(ERROR),
        noted=origin.noted,
        cause=cause,
    )


class AccessLog:
    """`addresses`: whose word names the client; without it the client is the other end of the connection."""

    def __init__(self, addresses: "ClientAddresses | None" = None) -> None:
        self._addresses = addresses
        self._rendered: dict[tuple[object, ...], bytes] = {}

    def client(self, request: web.Request) -> dict[str, str]:
        """The client's address and, when it came through the gateway, the gateway's."""
        client, peer = self._ends(request)
        return {"client": client} if client == peer else {"client": client, "proxy": peer}

    def _ends(self, request: web.Request) -> tuple[str, str]:
        """The client's address, and that of the other end of the connection."""
        peer = request.remote or ""
        return peer if self._addresses is None else self._addresses.of(request), peer

    def write(
        self, request: web.Request, route: str, endpoint: Endpoint | None, status: int, cause: str, seconds: float
    ) -> None:
        """Successful calls of known credentials have a line each; all else, which strangers can send, is sampled.

        `cause`: why a credential was refused.
        """
        path = cut(request.rel_url.raw_path, MAX_PATH_CHARACTERS)
        if endpoint is not None and status < 400 and not cause:
            if endpoint.poll:
                access(self._line(request, path, route, status, seconds), debug=True)
                return
            if endpoint.security:
                self._write_rendered(request, path, route, status, seconds)
                return
        if access_admits(("request", route, str(status), cause)):
            access(self._line(request, path, route, status, seconds), sampled=True)

    def _write_rendered(self, request: web.Request, path: str, route: str, status: int, seconds: float) -> None:
        key = (path, request.method, route, status, *self._ends(request))
        fields = self._rendered.get(key)
        if fields is None:
            own = {"method": request.method, "route": route, "status": status, **self.client(request)}
            fields = rendered_fields({"path": path}, own)
            if redacted(path) == path:  # no secret is cached
                if len(self._rendered) >= MAX_RENDERED_FIELDS:
                    self._rendered.clear()
                self._rendered[key] = fields
        access_rendered(fields, request_id.get(), seconds * 1000)

    def _line(self, request: web.Request, path: str, route: str, status: int, seconds: float) -> dict[str, object]:
        return {
            "method": request.method,
            "path": path,
            "route": route,
            "status": status,
            "duration_ms": round(seconds * 1000, 2),
            **self.client(request),
        }


def _path(request: web.Request, route: str) -> str:
    """The pattern whose error shape applies: a wrong method on a known path keeps that path's shape."""
    return request.rel_url.raw_path if route == "unmatched" else route


async def _response(request: web.Request, handler: Handler, render: RenderError) -> web.StreamResponse:
    try:
        return await handler(request)
    except errors.ServiceError as error:
        note_error(request, error)
        return render(error)
    except web.HTTPException as error:
        request[ERROR] = translated(error)
        return render(request[ERROR])
    except Exception:
        log.exception("request.failed")
        return internal_error()


def note_error(request: web.Request, error: errors.ServiceError) -> None:
    """For the log and the trace: what the request ends in. For a handler that renders its own errors."""
    request[ERROR] = error
    if status_of(error) >= 500:
        log.warning("request.unavailable", code=error.code, reason=error.description, detail=error.detail)
    elif error.detail:
        log.info("request.refused", code=error.code, reason=error.description, detail=error.detail)


def translated(error: web.HTTPException) -> errors.ServiceError:
    """aiohttp's own refusals as ours, so that they look alike and name no library."""
    if isinstance(error, web.HTTPMethodNotAllowed):
        allow = sorted(error.allowed_methods)
        return errors.MethodNotAllowed(f"use {' or '.join(allow)}", allow=allow)
    if isinstance(error, web.HTTPNotFound):
        return errors.NotFound("no such resource")
    if isinstance(error, web.HTTPRequestEntityTooLarge):
        return errors.TooLarge("the body is too large")
    return errors.Invalid("the request is malformed")
