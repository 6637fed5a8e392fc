"""What Envoy cannot do is an error with a line of the route file, and nothing is left out in silence."""

from dataclasses import fields

import pytest

from gateway.envoy import cannot
from gateway.envoy.cannot import problems
from gateway.envoy.messages import Place
from gateway.envoy.places import Places
from gateway.routing.route_file import parse_route_file
from gateway.routing.table import Route, RouteTable, Upstream
from gateway.routing.upstream_address import OwnPorts

PLACES = Places(
    Place("127.0.0.1", 8000),
    Place("127.0.0.1", 8082),
    Place("127.0.0.1", 8080),
    "http://127.0.0.1:8102",
    frozenset({("http", "127.0.0.1", 8102)}),
)
UPSTREAM = '{url: "http://10.0.0.5:9000"}'
TWO = '{addresses: [{url: "https://a"}, {url: "https://b"}]%s}'
PLAIN = "path: /a, credential: none, upstream: service"


def table(route: str, upstream: str = UPSTREAM) -> RouteTable:
    text = f"""
upstreams:
  own: {{url: "http://127.0.0.1:8102"}}
  service: {upstream}
routes:
  - {{name: r, methods: any, {route}}}
"""
    return parse_route_file(text, "routes.yaml", environment={}, own=OwnPorts("127.0.0.1", frozenset()))


def test_every_member_of_a_route_is_decided_rendered_or_looked_at() -> None:
    """A new one is an error wherever it is used, until somebody says here which it is."""
    known = cannot.DECIDED | cannot.RENDERED | cannot.CHECKED | cannot.NOTHING_TO_RENDER
    assert {member.name for member in fields(Route) if member.init} == known


def test_every_member_of_an_upstream_is_rendered_or_of_no_route_file() -> None:
    known = cannot.RENDERED_OF_UPSTREAMS | cannot.NOTHING_TO_RENDER_OF_UPSTREAMS
    assert {member.name for member in fields(Upstream) if member.init} == known


@pytest.mark.parametrize(
    ("route", "upstream"),
    [
        (PLAIN, UPSTREAM),
        ("prefix: /a, credential: none, upstream: own", UPSTREAM),
        ("prefix: /a, credential: jwt, scopes: [], upstream: service, strip_prefix: true", UPSTREAM),
        ("path: /a, credential: [jwt, api_token], scopes: [], application: A, upstream: service", UPSTREAM),
        ("path: /a, credential: none, upstream: service, websocket: true, end_on_revocation: false", UPSTREAM),
        (PLAIN, TWO % ", server_name: c"),
    ],
)
def test_what_envoy_can_do_is_no_problem(route: str, upstream: str) -> None:
    assert list(problems(table(route, upstream), PLACES)) == []


@pytest.mark.parametrize(
    ("route", "upstream", "message"),
    [
        ("path: /a, credential: none, upstream: service, websocket: true", UPSTREAM, "end_on_revocation"),
        ("path: /a, credential: jwt, scopes: [], upstream: own", UPSTREAM, "Passgate's own"),
        ("prefix: /a, credential: none, upstream: own, strip_prefix: true", UPSTREAM, "Passgate's own"),
        (PLAIN, '{url: "http://a", circuit_breaker: {window: 3}}', "window"),
        (PLAIN, TWO % "", "server_name"),
    ],
)
def test_what_envoy_cannot_do_names_the_line_and_what_to_say_instead(
    route: str, upstream: str, message: str
) -> None:
    [(line, found)] = problems(table(route, upstream), PLACES)
    assert line == 6
    assert found.startswith("route r: ")
    assert message in found


def test_a_member_that_nobody_has_thought_of_is_an_error_where_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cannot, "RENDERED", cannot.RENDERED - {"retry"})
    monkeypatch.setattr(cannot, "RENDERED_OF_UPSTREAMS", cannot.RENDERED_OF_UPSTREAMS - {"health"})
    used = table(
        "path: /a, credential: none, upstream: service, retry: true", '{url: "http://a", health: {path: /h}}'
    )
    assert [message for _, message in problems(used, PLACES)] == [
        "route r: retry is not something that Envoy can do here",
        "route r: upstream service: health is not something that Envoy can do here",
    ]
    unused = table(PLAIN)
    assert list(problems(unused, PLACES)) == []
