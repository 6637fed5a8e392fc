"""Envoy's listener: what is read of a connection, in which bounds, and through which filters a request goes."""

from collections.abc import Sequence

from gateway.envoy.clusters import DECISIONS_CLUSTER
from gateway.envoy.fields import early_removals, response_removals
from gateway.envoy.jwt import jwt_authn
from gateway.envoy.messages import Json, extension, regex, seconds, socket_address
from gateway.envoy.places import Places, TokenRules
from gateway.envoy.problems import local_replies
from gateway.envoy.routes import BUFFER_FILTER, BUFFERED_BYTES, CORS_FILTER, route_configuration
from gateway.envoy.script import ADAPTATION, FILTER, TARGET
from gateway.http1.fields import MAX_FIELDS
from gateway.routing.cors.policy import FIELD_PREFIX
from gateway.routing.table import Route

MAX_HEAD_KIB = 24
"""A target of 8 KiB and fields of 16 KiB: what is over the gateway's own bounds is refused there."""
_HEAD_TIMEOUT_S = 10.0
"""As for the gateway itself."""
_CONNECTION_BUFFER_BYTES = 32_768
_STREAM_IDLE_S = 30.0
_DECISION_TIMEOUT_S = 5.0
_ACCESS_LOG = {
    "time": "%START_TIME(%Y-%m-%dT%H:%M:%S.%3fZ)%",
    "event": "request",
    "request_id": "%REQ(X-REQUEST-ID)%",
    "method": "%REQ(:METHOD)%",
    "path": "%PATH(NQ:ORIG_OR_PATH)%",
    "route": "%REQ(X-PASSGATE-ROUTE)%",
    "status": "%RESPONSE_CODE%",
    "details": "%RESPONSE_CODE_DETAILS%",
    "duration_ms": "%DURATION%",
    "client": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
    "company": "%REQ(X-PASSGATE-COMPANY)%",
    "credential": "%REQ(X-PASSGATE-CREDENTIAL)%",
}
"""Without the query, which may hold a session token."""


def listener(routes: Sequence[Route], places: Places, rules: TokenRules) -> Json:
    return {
        "name": "public",
        "address": socket_address(places.listen),
        "per_connection_buffer_limit_bytes": _CONNECTION_BUFFER_BYTES,
        "filter_chains": [{"filters": [_connection_manager(routes, places, rules)]}],
    }


def _connection_manager(routes: Sequence[Route], places: Places, rules: TokenRules) -> Json:
    return extension(
        "public",
        "filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix="public",
        codec_type="HTTP1",
        http_protocol_options={"accept_http_10": True},
        # The peer is the client, and what it says of where it comes from is left out before.
        use_remote_address=True,
        early_header_mutation_extensions=[early_removals()],
        # Paths stay as they came: the gateway refuses what is not in a spelling that all read alike.
        normalize_path=False,
        merge_slashes=False,
        path_with_escaped_slashes_action="KEEP_UNCHANGED",
        max_request_headers_kb=MAX_HEAD_KIB,
        common_http_protocol_options={
            "max_headers_count": MAX_FIELDS,
            "idle_timeout": seconds(places.keepalive_timeout),
            "headers_with_underscores_action": "DROP_HEADER",
        },
        request_headers_timeout=seconds(_HEAD_TIMEOUT_S),
        stream_idle_timeout=seconds(_STREAM_IDLE_S),
        server_header_transformation="PASS_THROUGH",
        **_upgrades(routes),
        local_reply_config=local_replies(),
        access_log=[
            extension(
                "stdout",
                "access_loggers.stream.v3.StdoutAccessLog",
                log_format={"json_format": _ACCESS_LOG},
            )
        ],
        route_config=route_configuration(routes, places),
        http_filters=[
            jwt_authn(routes, places, rules),
            _decision(places),
            _script("target", TARGET),
            extension(BUFFER_FILTER, "filters.http.buffer.v3.Buffer", max_request_bytes=BUFFERED_BYTES),
            _script(FILTER, ADAPTATION),
            response_removals(),
            extension(CORS_FILTER, "filters.http.header_mutation.v3.HeaderMutation", mutations={}),
            extension("envoy.filters.http.router", "filters.http.router.v3.Router", suppress_envoy_headers=True),
        ],
    )


def _script(name: str, text: str) -> Json:
    return extension(name, "filters.http.lua.v3.Lua", default_source_code={"inline_string": text})


def _upgrades(routes: Sequence[Route]) -> Json:
    """Of all routes together: Envoy looks at it before the decision."""
    return {"upgrade_configs": [{"upgrade_type": "websocket"}]} if any(route.websocket for route in routes) else {}


def _decision(places: Places) -> Json:
    """Nobody gets in without a decision; which route it is for is chosen again when it has come."""
    return extension(
        "decision",
        "filters.http.ext_authz.v3.ExtAuthz",
        failure_mode_allow=False,
        clear_route_cache=True,
        status_on_error={"code": "ServiceUnavailable"},
        allowed_headers={"patterns": [regex(".*")]},
        http_service={
            "path_prefix": "/rewrite/envoy",
            "server_uri": {
                "uri": f"http://{places.decisions.authority}",
                "cluster": DECISIONS_CLUSTER,
                "timeout": seconds(_DECISION_TIMEOUT_S),
            },
            "authorization_response": {
                "allowed_upstream_headers": {"patterns": [{"prefix": "x-passgate-"}, {"exact": "x-request-id"}]},
                "allowed_client_headers_on_success": {
                    "patterns": [
                        {"prefix": FIELD_PREFIX, "ignore_case": True},
                        {"exact": "vary", "ignore_case": True},
                    ]
                },
            },
        },
    )
