"""The aiohttp application of a service: its endpoints, with health, metrics and documentation beside them."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

from aiohttp import web
from prometheus_client import CollectorRegistry

from shared.http.client_address import ClientAddress
from shared.http.docs import docs_endpoints
from shared.http.endpoints import Endpoint
from shared.http.health import Health
from shared.http.metrics import HttpMetrics
from shared.http.middleware import instrument
from shared.http.openapi import openapi_document

HEALTH = web.AppKey("health", Health)


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
    addresses: ClientAddress | None = None,
    resources: Sequence[Resource] = (),
    security_schemes: Mapping[str, Any] | None = None,
    description: str = "",
) -> web.Application:
    """An application with `endpoints`, `/health*`, `/metrics`, `/openapi.json` and `/docs`.

    `addresses`: for a service behind the gateway, whose access log then names the client.
    `resources` are started in order before the first request and stopped in reverse after the last.
    """
    http_metrics = HttpMetrics(metrics)
    renderers = {endpoint.path: endpoint.render_error for endpoint in endpoints}
    app = web.Application(middlewares=[instrument(http_metrics, renderers, addresses)])
    app[HEALTH] = health
    document = openapi_document(name, endpoints, security_schemes or {}, description)
    for endpoint in (*endpoints, *docs_endpoints(name, document), *_operations(health, http_metrics)):
        app.router.add_route(endpoint.method, endpoint.path, endpoint.handler)
    app.on_response_prepare.append(_no_banner)
    for resource in resources:
        app.cleanup_ctx.append(_life_of(resource))
    return app


def _operations(health: Health, metrics: HttpMetrics) -> list[Endpoint]:
    return [
        Endpoint("GET", "/health/live", health.live, "Is the process alive"),
        Endpoint("GET", "/health/ready", health.ready, "May it get traffic"),
        Endpoint("GET", "/health", health.report, "Each dependency, its state and latency"),
        Endpoint("GET", "/metrics", metrics.endpoint, "Prometheus metrics"),
    ]


async def _no_banner(_: web.Request, response: web.StreamResponse) -> None:
    response.headers.pop("Server", None)


def _life_of(resource: Resource) -> Callable[[web.Application], AsyncIterator[None]]:
    async def life(_: web.Application) -> AsyncIterator[None]:
        await resource.start()
        yield
        await resource.stop()

    return life


BuildApp = Callable[[], Awaitable[web.Application]]
