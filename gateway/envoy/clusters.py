"""Envoy's clusters: the upstreams of the routes, and what it reaches of Passgate."""

from collections.abc import Iterator, Sequence

from gateway.envoy.cannot import is_own_service
from gateway.envoy.jwt import JWKS_CLUSTER
from gateway.envoy.messages import Json, Place, extension, seconds, socket_address
from gateway.envoy.places import Places
from gateway.envoy.upstream_tls import transport_socket
from gateway.routing.table import Route, Upstream
from gateway.upstreams.settings import Address, Balance, CircuitBreaker, HealthCheck, UpstreamTls

DECISIONS_CLUSTER = "passgate_decisions"
GATEWAY_CLUSTER = "passgate_gateway"
_PASSGATE_CONNECT_S = 2.0
_HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_POLICIES = {Balance.ROUND_ROBIN: "ROUND_ROBIN", Balance.LEAST_CONNECTIONS: "LEAST_REQUEST"}


def cluster_of(upstream: Upstream, places: Places) -> str:
    return GATEWAY_CLUSTER if is_own_service(upstream, places) else f"upstream_{upstream.name}"


def clusters(routes: Sequence[Route], places: Places) -> list[Json]:
    upstreams = {route.upstream.name: route.upstream for route in routes}
    own = [upstream for upstream in upstreams.values() if is_own_service(upstream, places)]
    return [
        _passgate(DECISIONS_CLUSTER, places.decisions),
        _jwks(places),
        *([_passgate(GATEWAY_CLUSTER, places.gateway)] if own else []),
        *(_upstream(upstream, places) for upstream in upstreams.values() if upstream not in own),
    ]


def _passgate(name: str, place: Place) -> Json:
    return {
        "name": name,
        "type": "STRICT_DNS",
        "connect_timeout": seconds(_PASSGATE_CONNECT_S),
        "load_assignment": _assignment(name, [Address(place.host, place.port)]),
    }


def _jwks(places: Places) -> Json:
    scheme, host, port = places.jwks
    cluster = _passgate(JWKS_CLUSTER, Place(host, port))
    return cluster | ({"transport_socket": transport_socket(UpstreamTls(), host)} if scheme == "https" else {})


def _upstream(upstream: Upstream, places: Places) -> Json:
    name = cluster_of(upstream, places)
    limits = {"max_connections": upstream.connections, "max_pending_requests": upstream.connections}
    return {
        "name": name,
        "cluster_type": extension(
            "envoy.cluster.dns", "clusters.dns.v3.DnsCluster", dns_refresh_rate=seconds(upstream.resolve_every)
        ),
        "connect_timeout": seconds(upstream.connect_timeout),
        "lb_policy": _POLICIES[upstream.balance],
        "circuit_breakers": {"thresholds": [limits | {"max_requests": upstream.connections}]},
        "typed_extension_protocol_options": {
            _HTTP_OPTIONS: {
                "@type": f"type.googleapis.com/{_HTTP_OPTIONS}",
                "common_http_protocol_options": {"idle_timeout": seconds(upstream.keep_idle)},
                "explicit_http_config": {"http_protocol_options": {}},
            }
        },
        "load_assignment": _assignment(name, upstream.addresses),
        "outlier_detection": _outliers(upstream.circuit_breaker),
        **({"health_checks": [_health_check(upstream.health, upstream.authority)]} if upstream.health else {}),
        **(
            {"transport_socket": transport_socket(upstream.tls, upstream.host)}
            if upstream.scheme == "https"
            else {}
        ),
    }


def _outliers(breaker: CircuitBreaker) -> Json:
    """Failures to connect and lost connections count, responses with whatever status do not."""
    counted = {"consecutive_local_origin_failure": breaker.failures, "split_external_local_origin_errors": True}
    off = dict.fromkeys(
        ("enforcing_consecutive_5xx", "enforcing_consecutive_gateway_failure", "enforcing_success_rate"), 0
    )
    return {
        **counted,
        **off,
        "enforcing_local_origin_success_rate": 0,
        "base_ejection_time": seconds(breaker.open_for),
        "interval": seconds(min(breaker.open_for, 1.0)),
        "max_ejection_percent": 100,
    }


def _health_check(check: HealthCheck, host: str) -> Json:
    return {
        "timeout": seconds(check.timeout),
        "interval": seconds(check.interval),
        "healthy_threshold": check.healthy_after,
        "unhealthy_threshold": check.unhealthy_after,
        "http_health_check": {"host": host, "path": check.path, "expected_statuses": [{"start": 200, "end": 400}]},
    }


def _assignment(name: str, addresses: Sequence[Address]) -> Json:
    return {"cluster_name": name, "endpoints": [{"lb_endpoints": list(_endpoints(addresses))}]}


def _endpoints(addresses: Sequence[Address]) -> Iterator[Json]:
    for address in addresses:
        place = Place(address.host, address.port)
        yield {
            "endpoint": {"address": socket_address(place), "hostname": address.authority},
            "load_balancing_weight": address.weight,
        }
