"""Header fields on their way through, as plain values. (The header suite sends the spellings over a socket.)"""

import pytest

from gateway.credentials.identity import Identity
from gateway.edge.client_origin import Origin, unproxied
from gateway.forwarding.headers import addressed_to, call_lines, client_lines, upstream_lines
from gateway.routing.credential_kinds import CredentialKind
from gateway.routing.rewriting.header_rules import HeaderRules
from gateway.routing.table import Route
from tests.support.cases import each_case
from tests.support.http1.heads import fields_of, head_of, response_of, route_of
from tests.support.http1.identity_fields import IDENTITY_FIELDS

IDENTITY = Identity(
    kind="api_client",
    company="blabla",
    credential="pgck_1",
    subject="blabla:pgck_1",
    company_id="c",
    scopes=("a", "b"),
)
Fields = list[tuple[str, str]]
STRANGER = unproxied("9.9.9.9", "gateway.example")
PROXY = Origin(
    client="9.9.9.9",
    peer="10.0.0.9",
    chain="9.9.9.9, 10.0.0.9",
    scheme="https",
    host="public.example",
    trusted=True,
)


def sent(
    *lines: str, route: Route | None = None, identity: Identity | None = IDENTITY, origin: Origin = STRANGER
) -> Fields:
    return fields_of(upstream_lines(head_of(*lines), route or route_of(), identity, origin, via="1.1 passgate-x"))


def values(fields: Fields, name: str) -> list[str]:
    return [value for given, value in fields if given.lower() == name.lower()]


@each_case("line", IDENTITY_FIELDS)
def test_what_an_outsider_may_not_say_is_left_out(line: bytes) -> None:
    assert not any("evil" in value for _, value in sent(line.decode()))


def test_the_identity_is_the_gateways_word() -> None:
    fields = sent("X-Passgate-Company: evil", "Connection: X-Passgate-Company, X-Passgate-Scope")
    assert values(fields, "X-Passgate-Company") == ["blabla"]
    assert values(fields, "X-Passgate-Credential") == ["pgck_1"]
    assert values(fields, "X-Passgate-Credential-Kind") == ["api_client"]
    assert values(fields, "X-Passgate-Subject") == ["blabla:pgck_1"]
    assert values(fields, "X-Passgate-Scope") == ["a b"]
    assert call_lines(head_of(), frozenset(), "r" * 32, trusted=False) == f"X-Request-Id: {'r' * 32}"


def test_without_a_caller_there_is_no_identity() -> None:
    assert not any(name.lower().startswith("x-passgate") for name, _ in sent(identity=None))


@pytest.mark.parametrize(
    ("kind", "lines"),
    [
        (CredentialKind.JWT, ["Authorization: Bearer secret"]),
        (CredentialKind.API_TOKEN, ["X-Api-Token: secret", "X-Client-Prefix: secret"]),
        (CredentialKind.SESSION_TOKEN, ["x-api-token: secret"]),
    ],
)
def test_the_credential_goes_on_only_where_the_route_says_so(kind: CredentialKind, lines: list[str]) -> None:
    assert "secret" not in str(sent(*lines, route=route_of(kind)))
    assert str(sent(*lines, route=route_of(kind, pass_credential=True))).count("secret") == len(lines)


@pytest.mark.parametrize("line", ["X_Api_Token: other", "X-Api.Token: other", "X-Api-Token_: other"])
def test_no_name_goes_on_that_may_be_taken_for_another(line: str) -> None:
    route = route_of(CredentialKind.API_TOKEN, pass_credential=True)
    assert "other" not in str(sent(line, route=route))


@pytest.mark.parametrize(
    "line", ["Cookie: a=b", "Authorization: Basic eA==", "Accept: */*", "X-Api-Key: k", "Range: bytes=1-"]
)
def test_what_goes_end_to_end_goes_on(line: str) -> None:
    name, value = line.split(": ")
    assert values(sent(line, f"Connection: {name}"), name) == [value]


def test_what_connection_names_is_left_out() -> None:
    assert values(sent("Connection: x-hop", "X-Hop: y"), "x-hop") == []


def test_repeated_fields_stay_apart_and_in_order() -> None:
    assert values(sent("Accept: a", "X-A: 1", "Accept: b"), "accept") == ["a", "b"]


@pytest.mark.parametrize(
    "name",
    ["X-Client-Prefix", "X-Api-Key", "X-User-Id", "X-Auth-Token", "X-Amzn-Trace-Id", "Baggage"],
)
def test_what_only_looks_like_a_foreign_identity_goes_on(name: str) -> None:
    assert values(sent(f"{name}: kept"), name) == ["kept"]


@pytest.mark.parametrize(
    "name", ["X-Auth-Request-User", "Remote-User", "X-Amzn-Oidc-Data", "Cf-Access-Jwt-Assertion"]
)
def test_not_even_a_trusted_proxy_says_who_calls(name: str) -> None:
    assert values(sent(f"{name}: evil", origin=PROXY), name) == []


def test_a_request_without_a_host_gives_none_to_the_upstream() -> None:
    assert values(sent(origin=unproxied("9.9.9.9", "")), "X-Forwarded-Host") == []


def test_a_trusted_proxy_is_believed() -> None:
    fields = sent("X-Forwarded-For: 9.9.9.9", "X-Original-URL: /a", "Forwarded: for=9.9.9.9", origin=PROXY)
    assert values(fields, "X-Forwarded-For") == ["9.9.9.9, 10.0.0.9"]
    assert values(fields, "X-Forwarded-Proto") == ["https"]
    assert values(fields, "X-Forwarded-Host") == ["public.example"]
    assert values(fields, "X-Original-URL") == ["/a"]
    assert values(fields, "Forwarded") == ["for=9.9.9.9"]


def test_a_client_sees_nothing_of_what_is_behind() -> None:
    responded = response_of(
        "Server: x", "Connection: X-Hop", "X-Hop: x", "Transfer-Encoding: chunked", "X-Powered-By: x",
        "X-Passgate-Scope: x", "X-Request-Id: x", "Upgrade: x", "ETag:e", "Set-Cookie: a", "Set-Cookie:  b",
        "WWW-Authenticate: Basic", "Date: now",
    )  # fmt: skip
    for _ in range(2):
        assert "\r\n".join(client_lines(responded, request_id="r")).split("\r\n") == [
            "ETag: e",
            "Set-Cookie: a",
            "Set-Cookie: b",
            "WWW-Authenticate: Basic",
            "Date: now",
            "X-Request-Id: r",
        ]


def test_what_goes_on_of_the_same_fields_depends_on_the_route_and_on_who_sent_them() -> None:
    head = head_of("Forwarded: for=1.1.1.1", "Authorization: Bearer t", "X-Client-Prefix: p")
    routes = {
        kind: route_of(kind, pass_credential=pass_credential)
        for kind, pass_credential in ((CredentialKind.JWT, False), (CredentialKind.API_TOKEN, False))
    }
    routes[CredentialKind.NONE] = route_of(CredentialKind.JWT, pass_credential=True)

    def names(kind: CredentialKind, origin: Origin) -> set[str]:
        lines = upstream_lines(head, routes[kind], None, origin, via="v")
        return {name for name, _ in fields_of(lines)} & {"Forwarded", "Authorization", "X-Client-Prefix"}

    for _ in range(2):
        assert names(CredentialKind.JWT, STRANGER) == {"X-Client-Prefix"}
        assert names(CredentialKind.JWT, PROXY) == {"X-Client-Prefix", "Forwarded"}
        assert names(CredentialKind.API_TOKEN, STRANGER) == {"Authorization"}
        assert names(CredentialKind.NONE, STRANGER) == {"Authorization", "X-Client-Prefix"}


def test_a_response_without_a_date_gets_one() -> None:
    assert len(values(fields_of(client_lines(response_of("ETag: e"), request_id="r")), "date")) == 1


def test_one_of_several_addresses_is_named_also_when_the_lines_are_one() -> None:
    upstream = route_of().upstream
    for lines in (["Host: 10.0.0.1:8105", "A: b"], ["Host: 10.0.0.1:8105\r\nA: b"]):
        assert fields_of(addressed_to(lines, upstream, "10.0.0.2:80")) == [("Host", "10.0.0.2:80"), ("A", "b")]
    for lines in (["Host: client.example", "A: b"], ["Host: 10.0.0.1:81050\r\nA: b"]):
        assert addressed_to(lines, upstream, "10.0.0.2:80") == lines


def test_what_is_cached_with_a_block_of_fields_is_bounded_however_many_routes_it_is_sent_to() -> None:
    head = head_of("X-A: 1", "X-B: 2")
    for number in range(100):
        rules = HeaderRules(remove=frozenset({"X-A", f"X-{number}"}))
        lines = upstream_lines(head, route_of(request_headers=rules), None, STRANGER, via="1.1 passgate-x")
        assert values(fields_of(lines), "X-B") == ["2"]
        assert values(fields_of(lines), "X-A") == []
    assert len(head.block.memo) <= 16
