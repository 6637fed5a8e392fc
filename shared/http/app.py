"""The aiohttp application of a service: its endpoints, with health, metrics and documentation beside them."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from aiohttp import web
from aiohttp.typedefs import Middleware
from prometheus_client import CollectorRegistry

from shared.background_task import background_tasks
from shared.clock_offset import response_fields
from shared.http.background_health import BackgroundTasks, left_out_report
from shared.http.direct.endpoints import DirectEndpoints, Respond
from shared.http.docs import INTERNAL, asset_endpoint, docs_endpoints
from shared.http.endpoints import Endpoint, Handler, RenderError
from shared.http.health import Health
from shared.http.metrics import HttpMetrics
from shared.http.middleware import instrument
from shared.http.openapi import openapi_document
from shared.http.responses import problem
from shared.logging import report_left_out

if TYPE_CHECKING:  # which knows the services' keys
    from shared.http.client_address import ClientAddresses
    from shared.refusal_traces.service_refusals import ServiceRefusals

HEALTH = web.AppKey("health", Health)
BACKGROUND = web.AppKey("background", BackgroundTasks)
METRICS = web.AppKey("metrics", CollectorRegistry)
DIRECT = web.AppKey("direct", DirectEndpoints)


class Resource(Protocol):
    """Something with a life of its own that a service owns: a pool, a follower, a client session."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


def service_app(
    name: str,
    endpoints: Sequence[Endpoint],
    *,
    health: Health,
    metrics: CollectorRegistry,
    addresses: "ClientAddresses | None" = None,
    now: Callable[[], float] = time.time,
    resources: Sequence[Resource] = (),
    security_schemes: Mapping[str, Any] | None = None,
    description: str = "",
    internal_description: str | None = None,
    before_metrics: Callable[[], Awaitable[object]] | None = None,
    traces: "ServiceRefusals | None" = None,
    render_unmatched: RenderError = problem,
) -> web.Application:
    """An application with `endpoints`, `/health*`, `/metrics`, `/openapi.json` and `/docs`.

    HEAD is served wherever GET is (RFC 9110 section 9.1).
    `addresses`: for a service behind the gateway or a proxy, whose access log then names the client.
    `internal_description`: with it, the endpoints below `/internal/` have a document and a page of their own,
    `/openapi/internal.json` and `/docs/internal`.
    `before_metrics` is awaited each time before the metrics are collected.
    `now`: the time that is stated to callers who ask for it, in seconds since the epoch.
    `traces` gets to know of each refusal; it is one of the resources.
    `render_unmatched`: how the error of a path looks that no endpoint has; RFC 9457 by default.
    `resources` are started in order before the first request and stopped in reverse after the last; their
    background tasks are part of health and metrics.
    """
    http_metrics = HttpMetrics(metrics, before_metrics)
    resources = (*resources, *([traces] if traces is not None else []), left_out_report())
    background = BackgroundTasks(background_tasks(resources))
    background.register(metrics)
    health.watch(background)
    instrumented = instrument(http_metrics, endpoints, addresses, traces, render_unmatched)
    direct, fields = DirectEndpoints(), _fields(now)
    app = web.Application(middlewares=[instrumented])
    app[HEALTH], app[BACKGROUND], app[METRICS], app[DIRECT] = health, background, metrics, direct
    docs = _docs(name, endpoints, security_schemes or {}, description, internal_description)
    for endpoint in (*endpoints, *docs, *_operations(health, http_metrics)):
        for method in ("GET", "HEAD") if endpoint.method == "GET" else (endpoint.method,):
            route = app.router.add_route(method, endpoint.path, endpoint.handler)
            if endpoint.direct:
                direct.add(app, route, endpoint.path, _responding(instrumented, endpoint.handler, fields))
    app.on_cleanup.append(_report_left_out)
    app.on_response_prepare.append(fields)
    for resource in resources:
        app.cleanup_ctx.append(_life_of(resource))
    app.cleanup_ctx.append(_end_of(direct))
    return app


def _docs(
    name: str,
    endpoints: Sequence[Endpoint],
    security_schemes: Mapping[str, Any],
    description: str,
    internal_description: str | None,
) -> list[Endpoint]:
    internal = [e for e in endpoints if internal_description is not None and e.path.startswith(INTERNAL)]
    public = [e for e in endpoints if e not in internal]

    def document(title: str, shown: Sequence[Endpoint], text: str) -> Callable[[], dict[str, Any]]:
        return partial(openapi_document, title, shown, _used(security_schemes, shown), text)

    found = docs_endpoints(name, document(name, public, description))
    if internal:
        title = f"{name} (internal)"
        found += docs_endpoints(title, document(title, internal, internal_description or ""), internal=True)
    return [*found, asset_endpoint()]


def _used(security_schemes: Mapping[str, Any], endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    names = {endpoint.security for endpoint in endpoints}
    return {name: scheme for name, scheme in security_schemes.items() if name in names}


def _operations(health: Health, metrics: HttpMetrics) -> list[Endpoint]:
    return [
        Endpoint("GET", "/health/live", health.live, "Is the process alive"),
        Endpoint("GET", "/health/ready", health.ready, "May it get traffic"),
        Endpoint("GET", "/health", health.report, "Each dependency, its state and latency"),
        Endpoint("GET", "/metrics", metrics.endpoint, "Prometheus metrics"),
    ]


async def _report_left_out(_: web.Application) -> None:
    report_left_out()


def _fields(now: Callable[[], float]) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    """The fields of each response: the time, for who asks for it, and no word on the library."""

    async def prepare(request: web.Request, response: web.StreamResponse) -> None:
        response.headers.pop("Server", None)
        if stated := response_fields(request.headers, now()):
            response.headers.update(stated)

    return prepare


def _responding(
    instrumented: Middleware, handler: Handler, fields: Callable[[web.Request, web.StreamResponse], Awaitable[None]]
) -> Respond:
    """What aiohttp does with a request once it has found its endpoint."""

    async def respond(request: web.Request) -> web.StreamResponse:
        response = await instrumented(request, handler)
        await fields(request, response)
        return response

    return respond


def _end_of(direct: DirectEndpoints) -> Callable[[web.Application], AsyncIterator[None]]:
    async def life(_: web.Application) -> AsyncIterator[None]:
        yield
        direct.abort()

    return life


def _life_of(resource: Resource) -> Callable[[web.Application], AsyncIterator[None]]:
    async def life(_: web.Application) -> AsyncIterator[None]:
        await resource.start()
        yield
        await resource.stop()

    return life
