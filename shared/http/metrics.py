"""Prometheus metrics that every service has, named after OpenTelemetry's HTTP conventions."""

from collections.abc import Callable

from aiohttp import web
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class HttpMetrics:
    """Duration (seconds) of requests by method, route and status, and how many are in flight.

    The route is the pattern that matched, never the path: a path may hold an id, and its values have no bound.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        self._duration = Histogram(
            "http_server_request_duration_seconds",
            "Duration of HTTP requests.",
            ("method", "route", "status"),
            buckets=BUCKETS,
            registry=registry,
        )
        self.in_flight = Gauge("http_server_active_requests", "HTTP requests being served.", registry=registry)
        self._observers: dict[tuple[str, str, int], Callable[[float], None]] = {}

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        key = (method if method in _METHODS else "OTHER", route, status)
        observer = self._observers.get(key)
        if observer is None:
            observer = self._observers[key] = self._duration.labels(*map(str, key)).observe
        observer(seconds)

    async def endpoint(self, _: web.BaseRequest) -> web.Response:
        """GET /metrics"""
        return web.Response(body=generate_latest(self.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})


_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
