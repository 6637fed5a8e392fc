"""Prometheus metrics that every service has, named after OpenTelemetry's HTTP conventions."""

from collections.abc import Awaitable, Callable

from aiohttp import web
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Gauge,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)

from shared.metrics import DurationHistogram, method_label


class HttpMetrics:
    """Duration (seconds) of requests by method, route and status, and how many are in flight.

    The route is the pattern that matched, never the path: a path may hold an id, and its values have no bound.
    """

    def __init__(self, registry: CollectorRegistry, before: Callable[[], Awaitable[object]] | None = None) -> None:
        """`before` is awaited each time before the metrics are collected."""
        self.registry = registry
        self._before = before
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        self._duration = DurationHistogram(
            registry,
            "http_server_request_duration_seconds",
            "Duration of HTTP requests.",
            ("method", "route", "status"),
        )
        self.in_flight = 0
        """Requests that are being served."""
        active = Gauge("http_server_active_requests", "HTTP requests being served.", registry=registry)
        active.set_function(lambda: self.in_flight)

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        self._duration.observe(seconds, method_label(method), route, status)

    async def endpoint(self, _: web.BaseRequest) -> web.Response:
        """GET /metrics"""
        if self._before is not None:
            await self._before()
        return web.Response(body=generate_latest(self.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})
