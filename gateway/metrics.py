"""What the gateway counts: by route, status and cause; never by anything that a stranger can choose."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge

from gateway.upstreams.state import UpstreamMetrics
from shared.metrics import DurationHistogram, DurationSeries, EventCounter, method_label


class GatewayMetrics:
    """Durations in seconds."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = DurationHistogram(
            registry,
            "gateway_request_duration_seconds",
            "Duration of public requests, from the whole head to the end of the response.",
            ("route", "method", "status"),
        )
        self.upstream_durations = DurationHistogram(
            registry,
            "gateway_upstream_duration_seconds",
            "Time until an upstream's response began.",
            ("route", "upstream"),
        )
        self._refusals = EventCounter(
            registry, "gateway_refusals", "Requests that were not forwarded.", ("route", "cause")
        )
        self._failures = Counter(
            "gateway_upstream_failures_total",
            "Requests whose upstream sent no response that could be passed on.",
            ("route", "upstream", "status", "cause"),
            registry=registry,
        )
        self.upstreams = UpstreamMetrics(registry)
        self.active = Gauge("gateway_active_requests", "Public requests being served.", registry=registry)
        self.open_connections = Gauge("gateway_open_connections", "Connections of clients.", registry=registry)
        self._closed_early = Counter(
            "gateway_connections_closed_early_total",
            "Connections of clients that were closed for a bound, or while idle because one was near.",
            ("cause",),
            registry=registry,
        )
        self.arriving_connections = Gauge(
            "gateway_arriving_connections",
            "Connections of clients whose TLS handshake or PROXY header is not complete.",
            registry=registry,
        )
        self._connections_refused = Counter(
            "gateway_connections_refused_total",
            "Connections of clients that were closed before their first request, for their TLS or PROXY header.",
            ("cause",),
            registry=registry,
        )
        self._handshakes = Counter(
            "gateway_tls_handshakes_total", "Completed TLS handshakes of clients.", ("version",), registry=registry
        )
        self.bodies_under_way = Gauge(
            "gateway_bodies_under_way", "Bodies of requests that have not come as a whole yet.", registry=registry
        )
        self.overloaded = Gauge(
            "gateway_overloaded",
            "1 while calls may have to wait for their turn, or are refused.",
            registry=registry,
        )
        self.waiting = Gauge(
            "gateway_waiting_requests", "Public requests that wait for their turn.", registry=registry
        )
        self.turn_seconds = Gauge(
            "gateway_event_loop_turn_seconds",
            "Duration of the turn of the event loop that was measured last.",
            registry=registry,
        )
        self.route_file_valid = Gauge(
            "gateway_route_file_valid", "1 when the route file as it is now is the table in use.", registry=registry
        )
        self._route_file_loads = Counter(
            "gateway_route_file_loads_total", "Readings of a changed route file.", ("outcome",), registry=registry
        )
        self._stale = Counter(
            "gateway_stale_admissions_total",
            "Calls let through by JWT past the staleness bound, as their route allows.",
            ("route",),
            registry=registry,
        )
        self.open_tunnels = Gauge(
            "gateway_open_tunnels", "WebSockets that are open, or about to be.", registry=registry
        )
        self.watched = Gauge(
            "gateway_watched_exchanges",
            "Requests and responses that last, and end when their credential is revoked.",
            registry=registry,
        )
        self._ended = Counter(
            "gateway_exchanges_ended_total",
            "Of these, those that were ended: revoked, or stale where revocations could not be followed.",
            ("route", "cause"),
            registry=registry,
        )
        self.stopped = Gauge("gateway_stopped_objects", "Objects known to be stopped.", registry=registry)
        self.verified_tokens = Gauge(
            "gateway_verified_tokens", "Access tokens remembered as verified.", registry=registry
        )

        self._issuer_fetches = Counter(
            "gateway_external_issuer_fetches_total",
            "Fetches of the key sets of other issuers.",
            ("issuer", "outcome"),
            registry=registry,
        )
        self._issuer_key_age = Gauge(
            "gateway_external_issuer_key_age_seconds",
            "Age of the key set that is in use of another issuer.",
            ("issuer",),
            registry=registry,
        )

    def requests(self, route: str, method: str, status: int) -> DurationSeries:
        return self._requests.series(route, method_label(method), status)

    def refused(self, route: str, cause: str) -> None:
        self._refusals.inc(route, cause)

    def stale_admission(self, route: str) -> None:
        self._stale.labels(route).inc()

    def upstream_failed(self, route: str, upstream: str, status: int, cause: str) -> None:
        self._failures.labels(route, upstream, str(status), cause).inc()

    def connection_closed_early(self, cause: str) -> None:
        self._closed_early.labels(cause).inc()

    def exchange_ended(self, route: str, cause: str) -> None:
        self._ended.labels(route, cause).inc()

    def connection_refused(self, cause: str) -> None:
        self._connections_refused.labels(cause).inc()

    def handshake_done(self, version: str) -> None:
        self._handshakes.labels(version).inc()

    def route_file_loaded(self, *, valid: bool) -> None:
        self._route_file_loads.labels("valid" if valid else "invalid").inc()
        self.route_file_valid.set(valid)

    def issuer_keys_fetched(self, issuer: str, *, valid: bool) -> None:
        self._issuer_fetches.labels(issuer, "valid" if valid else "failed").inc()

    def issuer_key_ages(self, seconds: Mapping[str, float]) -> None:
        """The age of each set that there is: those of other issuers are not shown any more."""
        for (issuer,) in [labels for labels in self._issuer_key_age._metrics if labels[0] not in seconds]:
            self._issuer_key_age.remove(issuer)
        for issuer, age in seconds.items():
            self._issuer_key_age.labels(issuer).set(age)
