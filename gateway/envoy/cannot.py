"""What a route file may say that Envoy cannot do as the gateway does: an error each, and never left out."""

from collections.abc import Iterator
from dataclasses import MISSING, Field, fields
from typing import Any

from gateway.envoy.places import Places
from gateway.routing.credential_kinds import CredentialKind
from gateway.routing.table import Route, RouteTable, Upstream
from gateway.upstreams.settings import CircuitBreaker

DECIDED = frozenset(
    {
        "name", "path", "prefix", "host", "methods", "credential", "kinds", "scopes", "audiences", "application",
        "issuers", "accepts_own_issuer", "max_staleness", "merge_query", "path_may_hold", "rewrite",
        "identity_token", "report_only_scopes",
    }
)  # fmt: skip
"""Of a route: what the gateway decides, for Envoy as for itself."""
RENDERED = frozenset(
    {
        "upstream", "response_timeout", "idle_timeout", "max_body", "pass_credential", "preserve_host",
        "request_headers", "response_headers", "via", "retry", "websocket", "websocket_idle_timeout", "cors",
        "rewrite_location",
    }
)  # fmt: skip
"""What becomes Envoy's configuration."""
CHECKED = frozenset({"end_on_revocation", "report_only"})
"""What is looked at below."""
NOTHING_TO_RENDER = frozenset({"line"})
RENDERED_OF_UPSTREAMS = frozenset(
    {
        "name", "scheme", "host", "port", "addresses", "balance", "connect_timeout", "connections", "keep_idle",
        "health", "circuit_breaker", "resolve_every", "tls",
    }
)  # fmt: skip
NOTHING_TO_RENDER_OF_UPSTREAMS = frozenset({"own_ports"})
"""What no route file says."""


def problems(table: RouteTable, places: Places) -> Iterator[tuple[int, str]]:
    """Line of the route file, and what cannot be rendered."""
    for route in table.routes:
        for message in (*_of_route(route, places), *_of_upstream(route.upstream)):
            yield route.line, f"route {route.name}: {message}"


def is_own_service(upstream: Upstream, places: Places) -> bool:
    return (upstream.scheme, upstream.host, upstream.port) in places.own_services


def _of_route(route: Route, places: Places) -> Iterator[str]:
    known = DECIDED | RENDERED | CHECKED | NOTHING_TO_RENDER
    yield from (f"{name} is not something that Envoy can do here" for name in _unknown(route, known))
    if route.report_only:
        yield "report_only: Envoy itself refuses invalid JWTs here"
    if route.websocket and route.end_on_revocation:
        yield "websocket: Envoy ends no WebSocket at a revocation; say end_on_revocation: false if it may go on"
    more = route.credential is not CredentialKind.NONE or route.rewrite or route.websocket
    if more and is_own_service(route.upstream, places):
        yield "upstream is a service of Passgate's own: only with credential none, and not rewritten or a websocket"


def _of_upstream(upstream: Upstream) -> Iterator[str]:
    for name in _unknown(upstream, RENDERED_OF_UPSTREAMS | NOTHING_TO_RENDER_OF_UPSTREAMS):
        yield f"upstream {upstream.name}: {name} is not something that Envoy can do here"
    if upstream.scheme == "https" and upstream.several_hosts and not upstream.tls.server_name:
        hosts = {address.host for address in upstream.addresses}
        if len(hosts) > 1:
            yield f"upstream {upstream.name}: addresses: Envoy checks certificates for one name; say server_name"
    if upstream.circuit_breaker.window != CircuitBreaker.window:
        yield f"upstream {upstream.name}: window: Envoy counts failures in a row whenever they are"


def _unknown(item: Route | Upstream, known: frozenset[str]) -> Iterator[str]:
    """Members that are not known here, and say something."""
    for member in fields(item):
        if member.init and member.name not in known and getattr(item, member.name) != _default(member):
            yield member.name


def _default(member: Field[Any]) -> Any:
    return member.default if member.default_factory is MISSING else member.default_factory()
