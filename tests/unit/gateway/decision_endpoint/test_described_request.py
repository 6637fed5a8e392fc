"""What a proxy asks is read as strictly as if the client had sent it here."""

import ipaddress

import pytest

from gateway.decision_endpoint.described_request import described_head
from gateway.decision_endpoint.dialect import (
    AUTH_REQUEST,
    ENVOY,
    FORWARD_AUTH,
    DecisionPath,
    IncompleteDescription,
    read_path,
)
from gateway.edge.client_origin import origin_of
from gateway.http1.request import BadRequest
from gateway.http1.request_head import RequestHead
from shared.addresses.forwarded_for import TrustedProxies

PROXY = "127.0.0.9"
PROXIES = TrustedProxies([ipaddress.ip_network(PROXY)])
CLIENT = (("X-Forwarded-For", "203.0.113.7"),)
NGINX = (("X-Original-Method", "GET"), ("X-Original-URI", "/site?a=1"), ("Host", "api.example"), *CLIENT)
TRAEFIK = (
    ("X-Forwarded-Method", "GET"),
    ("X-Forwarded-Uri", "/site?a=1"),
    ("X-Forwarded-Host", "api.example"),
    ("Host", "127.0.0.1:8082"),
    *CLIENT,
)

Fields = tuple[tuple[str, str], ...]


def raw(fields: Fields) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields]


def asked(called: str, fields: Fields, method: str = "GET") -> RequestHead:
    path = read_path(called, frozenset(name.lower() for name, _ in fields))
    return described_head(method, path, raw(fields), PROXY, PROXIES)


def changed(fields: Fields, **values: str) -> Fields:
    """`fields` with others' values: `x_original_uri="/x"`."""
    given = {name.replace("_", "-"): value for name, value in values.items()}
    return tuple((name, given.get(name.lower(), value)) for name, value in fields)


@pytest.mark.parametrize(
    ("called", "fields"),
    [
        ("/auth-request", NGINX),
        ("/", NGINX),
        ("/rewrite/auth-request", NGINX),
        ("/forward-auth", TRAEFIK),
        ("/", TRAEFIK),
        ("/envoy/site?a=1", (("Host", "api.example"), *CLIENT)),
        ("/rewrite/envoy/site?a=1", (("Host", "api.example"), *CLIENT)),
    ],
)
def test_each_dialect_describes_the_same_request(called: str, fields: Fields) -> None:
    head = asked(called, fields)
    origin = origin_of(head, PROXY, PROXIES)
    assert (head.method, head.target, head.host) == ("GET", "/site?a=1", "api.example")
    assert (origin.client, origin.host) == ("203.0.113.7", "api.example")


def test_the_method_of_the_question_counts_only_where_it_is_the_clients() -> None:
    assert asked("/auth-request", changed(NGINX, x_original_method="DELETE"), method="POST").method == "DELETE"
    assert asked("/envoy/site", (("Host", "a"), *CLIENT), method="PATCH").method == "PATCH"


@pytest.mark.parametrize(
    ("called", "dialect"), [("/auth-request", AUTH_REQUEST), ("/forward-auth", FORWARD_AUTH), ("/envoy/x", ENVOY)]
)
def test_a_dialect_reads_its_own_fields_and_no_others(called: str, dialect: object) -> None:
    path = read_path(called, frozenset({"x-original-uri", "x-forwarded-uri"}))
    assert path.dialect is dialect
    spoofed = (*NGINX, ("X-Forwarded-Uri", "/open"), ("X-Forwarded-Method", "HEAD"))
    assert asked("/auth-request", spoofed).target == "/site?a=1"


def test_without_a_form_in_the_path_both_pairs_of_fields_are_none() -> None:
    for names in (frozenset({"x-original-uri", "x-forwarded-uri"}), frozenset[str]()):
        with pytest.raises(IncompleteDescription):
            read_path("/", names)


@pytest.mark.parametrize(
    "called", ["/health/live", "/metrics", "/envoy", "//envoy/x", "/rewrite", "/rewrite/rewrite/envoy/x", "*"]
)
def test_nothing_else_is_there(called: str) -> None:
    with pytest.raises(IncompleteDescription, match="ask at /auth-request"):
        read_path(called, frozenset({"x-original-uri"}))


@pytest.mark.parametrize(
    "fields",
    [
        NGINX[1:],
        NGINX[:1] + NGINX[2:],
        (*NGINX, ("X-Original-URI", "/open")),
        (*NGINX, ("X-Original-Method", "GET")),
        changed(NGINX, x_original_uri=""),
        NGINX[:3],
    ],
    ids=["no method", "no target", "two targets", "two methods", "empty target", "no client"],
)
def test_a_proxy_that_leaves_something_out_or_says_it_twice_has_asked_nothing(fields: Fields) -> None:
    with pytest.raises(IncompleteDescription):
        asked("/auth-request", fields)


@pytest.mark.parametrize(
    "values",
    [
        {"x_original_uri": "/a b"},
        {"x_original_uri": "/a\tb"},
        {"x_original_uri": "http://api.example/site"},
        {"x_original_uri": "*"},
        {"x_original_uri": "site"},
        {"x_original_method": "get"},
        {"x_original_method": "GET /open"},
        {"x_original_method": "CONNECT"},
        {"x_original_method": "TRACE"},
        {"host": "a, b"},
        {"host": "user@a"},
        {"host": ""},
    ],
)
def test_what_the_gateway_would_not_read_is_not_read_here(values: dict[str, str]) -> None:
    with pytest.raises(BadRequest):
        asked("/auth-request", changed(NGINX, **values))


@pytest.mark.parametrize("character", ["\r", "\n", "\r\nAuthorization: Bearer x"])
@pytest.mark.parametrize("field", ["x_original_method", "x_original_uri", "host", "x_forwarded_for"])
def test_no_value_becomes_a_field_of_its_own(field: str, character: str) -> None:
    with pytest.raises(BadRequest):
        asked("/auth-request", changed(NGINX, **{field: f"GET{character}"}))


def test_a_target_too_long_is_refused_as_one() -> None:
    with pytest.raises(BadRequest) as refused:
        asked("/auth-request", changed(NGINX, x_original_uri="/" + "a" * 8192))
    assert refused.value.status == 414


@pytest.mark.parametrize("twice", ["Authorization", "authorization"])
def test_a_credential_that_comes_twice_is_refused(twice: str) -> None:
    with pytest.raises(BadRequest):
        asked("/auth-request", (*NGINX, ("Authorization", "Bearer a"), (twice, "Bearer b")))


@pytest.mark.parametrize(
    "name",
    ["X_Passgate_Company", "X-Passgate_Company", "x.passgate.company", "X_Forwarded_For", "Remote_User",
     "X_Original_URI", "_X-Passgate-Subject"],
)  # fmt: skip
def test_a_name_that_a_service_may_read_as_the_gateways_word_is_refused(name: str) -> None:
    with pytest.raises(BadRequest):
        asked("/auth-request", (*NGINX, (name, "x")))


def test_what_frames_the_proxys_own_message_is_not_the_clients() -> None:
    own = (("Content-Length", "0"), ("Connection", "close"), ("Expect", "x"), ("Transfer-Encoding", "gzip"))
    head = asked("/auth-request", (*NGINX, *own))
    assert (head.content_length, head.has_body, head.keep_alive) == (None, False, True)


def test_the_host_is_the_one_that_the_nearest_trusted_proxy_names() -> None:
    fields = (*changed(TRAEFIK, x_forwarded_host="forged.example"), ("X-Forwarded-Host", "api.example"))
    assert asked("/forward-auth", fields).host == "api.example"


@pytest.mark.parametrize(
    "host", ["a.example,api.example", "a.example, api.example", '"api.example"', "a@api.example"]
)
@pytest.mark.parametrize("called", ["/forward-auth", "/auth-request"])
def test_a_host_that_the_gateway_would_refuse_is_refused_whichever_field_names_it(called: str, host: str) -> None:
    fields = (*(TRAEFIK[:2] if called == "/forward-auth" else NGINX[:2]), *CLIENT)
    for named in ((("Host", "127.0.0.1:8082"), ("X-Forwarded-Host", host)), (("Host", host),)):
        with pytest.raises(BadRequest):
            asked(called, (*fields, *named))


def test_an_endpoint_is_a_value() -> None:
    assert read_path("/rewrite/envoy/a?b", frozenset()) == DecisionPath(ENVOY, rewrites=True, target="/a?b")


def test_where_the_request_is_the_clients_own_nobody_else_names_its_host() -> None:
    fields = (("Host", "api.example"), ("X-Forwarded-Host", "forged.example"), *CLIENT)
    head = asked("/envoy/site", fields)
    assert (head.host, origin_of(head, PROXY, PROXIES).host) == ("api.example", "api.example")
