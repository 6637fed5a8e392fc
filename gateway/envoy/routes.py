"""Envoy's routes: one for each of the gateway's, chosen by the name that the decision gives."""

from collections.abc import Iterator, Sequence
from typing import Any

from gateway.envoy.cannot import is_own_service
from gateway.envoy.clusters import cluster_of
from gateway.envoy.fields import WRITTEN_BY_ENVOY
from gateway.envoy.messages import Json, regex, seconds, set_field, set_variable, typed
from gateway.envoy.places import Places
from gateway.envoy.script import metadata
from gateway.routing.cors.policy import FIELD_PREFIX
from gateway.routing.rewriting.header_rules import HeaderRules
from gateway.routing.table import MIB, Route

ROUTE_FIELD = "x-passgate-route"
BUFFER_FILTER = "body"
CORS_FILTER = "cors"
VIA = "1.1 passgate-envoy"
BUFFERED_BYTES = MIB
"""A body up to this is held until it is whole; a longer one needs a `Content-Length`, and passes as it comes."""
_IDEMPOTENT = "GET|HEAD|OPTIONS|DELETE"
"""Not PUT: without a length it has a body all the same, and that is not sent twice."""
_SWITCHES: Json = {"name": "upgrade", "string_match": {"exact": "websocket", "ignore_case": True}}
_NEVER_S = "0s"
_REQUEST_ID = "%REQ(X-REQUEST-ID)%"


def route_configuration(routes: Sequence[Route], places: Places) -> Json:
    entries = [_websocket(route, places) for route in routes if route.websocket]
    if entries:
        entries.append(_no_websocket())
    entries += [entry for route in routes for entry in _entries(route, places)]
    # The route of every request until the decision has come, without which Envoy would ask for none; and of one
    # whose route Envoy does not know, as it has an older file.
    entries.append({"match": {"prefix": "/"}, "direct_response": {"status": 404}})
    return {
        "name": "passgate",
        "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": entries}],
    }


def _websocket(route: Route, places: Places) -> Json:
    upgrade = {"upgrade_configs": [{"upgrade_type": "websocket"}]}
    idle = {"idle_timeout": seconds(route.websocket_idle_timeout)}
    return _forwarded(route, places, _SWITCHES, action=upgrade | idle)


def _no_websocket() -> Json:
    """For any other route: without this Envoy would wait for the end of what it takes for a body."""
    return {
        "match": {"prefix": "/", "headers": [_SWITCHES, _header(ROUTE_FIELD, {"present_match": True})]},
        "direct_response": {"status": 403},
        "typed_per_filter_config": {BUFFER_FILTER: _buffer(0)},
    }


def _entries(route: Route, places: Places) -> Iterator[Json]:
    """The first that matches counts."""
    if is_own_service(route.upstream, places):
        yield _entry(route, {"cluster": cluster_of(route.upstream, places), "timeout": _NEVER_S}, buffered=0)
        return
    buffered = max(1, min(route.max_body, BUFFERED_BYTES))
    if route.max_body > BUFFERED_BYTES:
        yield _forwarded(route, places, _header("content-length", {"present_match": True}))
    if route.retry:
        bodiless = (
            _header(":method", {"string_match": regex(_IDEMPOTENT)}),
            _header("content-length", {"present_match": False}),
        )
        yield _forwarded(route, places, *bodiless, retry_on="connect-failure,reset", buffered=buffered)
    yield _forwarded(route, places, buffered=buffered)


def _header(name: str, match: Json) -> Json:
    return {"name": name, **match}


def _buffer(limit: int) -> Json:
    """`limit` 0: nothing is held."""
    held: dict[str, Any] = {"buffer": {"max_request_bytes": limit}} if limit else {"disabled": True}
    return typed("filters.http.buffer.v3.BufferPerRoute", **held)


def _match(route: Route, *conditions: Json) -> Json:
    named = _header(ROUTE_FIELD, {"string_match": {"exact": route.name}})
    return {"prefix": "/", "headers": [named, *conditions]}


def _forwarded(
    route: Route,
    places: Places,
    *conditions: Json,
    retry_on: str = "connect-failure",
    action: Json | None = None,
    buffered: int = 0,
) -> Json:
    retries = {"retry_on": retry_on, "num_retries": 1, "per_try_timeout": seconds(route.response_timeout)}
    forwarded: Json = {
        "cluster": cluster_of(route.upstream, places),
        "timeout": _NEVER_S,  # that would be of the whole response
        "idle_timeout": seconds(max(route.idle_timeout, route.response_timeout)),
        "retry_policy": retries,
        **_host(route),
        **(action or {}),
    }
    entry = _entry(route, forwarded, *conditions, buffered=buffered)
    return entry | _request_rules(route) | _response_rules(route.response_headers) | metadata(route)


def _entry(route: Route, action: Json, *conditions: Json, buffered: int) -> Json:
    return {
        "match": _match(route, *conditions),
        "route": action,
        "request_headers_to_remove": list(WRITTEN_BY_ENVOY),
        "typed_per_filter_config": {
            BUFFER_FILTER: _buffer(buffered),
            **({CORS_FILTER: _no_policy_of_the_upstream()} if route.cors else {}),
        },
    }


def _no_policy_of_the_upstream() -> Json:
    removed = [{"remove_on_match": {"key_matcher": {"prefix": FIELD_PREFIX, "ignore_case": True}}}]
    message = "filters.http.header_mutation.v3.HeaderMutationPerRoute"
    return typed(message, mutations={"response_mutations": removed})


def _host(route: Route) -> Json:
    if route.preserve_host:
        return {}
    if route.upstream.several_hosts:
        return {"auto_host_rewrite": True}
    return {"host_rewrite_literal": route.upstream.authority}


def _request_rules(route: Route) -> Json:
    rules = route.request_headers or HeaderRules()
    removed = sorted({*route.withheld, *WRITTEN_BY_ENVOY, *(() if route.via else ("via",))})
    added = [set_variable("x-forwarded-host", "%REQ(:AUTHORITY)%")]
    if route.via:
        added.append({"header": {"key": "via", "value": VIA}, "append_action": "APPEND_IF_EXISTS_OR_ADD"})
    return {
        "request_headers_to_remove": removed,
        "request_headers_to_add": [*added, *(set_field(name, value) for name, value in rules.set)],
    }


def _response_rules(given: HeaderRules | None) -> Json:
    rules = given or HeaderRules()
    return {
        "response_headers_to_remove": sorted({"server", "x-powered-by", *rules.names}),
        "response_headers_to_add": [
            set_variable("x-request-id", _REQUEST_ID),
            *(set_field(name, value) for name, value in rules.set),
        ],
    }
