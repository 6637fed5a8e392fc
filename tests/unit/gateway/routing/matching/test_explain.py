"""What people are told about a route file is what the gateway does by it."""

import pytest

from gateway.routing.match import match
from gateway.routing.matching.explain import explain
from gateway.routing.rewriting.path_prefix import PrefixRewrite
from gateway.routing.table import Route, RouteTable
from tests.support.cases import each_case
from tests.support.http1.heads import route_of

TABLE = RouteTable(
    (
        route_of(name="all", path="/", prefix=True, line=1),
        route_of(name="id", path="/v1/{id}", methods=frozenset({"GET"}), line=2),
        route_of(name="new", path="/v1/new", methods=frozenset({"GET"}), line=3),
        route_of(name="make", path="/v1/new", methods=frozenset({"POST"}), line=4),
        route_of(name="below", path="/v1", prefix=True, line=5),
        route_of(name="host", host="a.test", path="/v1", prefix=True, rewrite=PrefixRewrite(1, ""), line=6),
        route_of(name="wild", host="*.test", path="/v1", prefix=True, line=7),
        route_of(name="any-id", path="/{x}/new/", prefix=True, line=8),
    )
)


@pytest.mark.parametrize(
    ("url", "name", "forwarded", "others"),
    [
        ("/v1/7?a=b", "id", "/v1/7?a=b", {"below": "it is a prefix", "all": "it is a prefix"}),
        (
            "/v1/new",
            "new",
            "/v1/new",
            {
                "make": "it is for POST",
                "id": "it names a segment that the other spells out",
                "below": "it is a prefix",
                "all": "it is a prefix",
            },
        ),
        ("/v1/new/x", "any-id", "/v1/new/x", {"below": "its prefix is shorter", "all": "its prefix is shorter"}),
        (
            "https://A.test:8443/v1/x",
            "host",
            "/x",
            {
                "wild": "its host begins with *.",
                "id": "it has no host",
                "below": "it has no host",
                "all": "it has no host",
            },
        ),
        ("http://x.test/v1", "wild", "/v1", {"below": "it has no host", "all": "it has no host"}),
    ],
)
def test_the_route_is_named_with_those_that_it_comes_before(
    url: str, name: str, forwarded: str, others: dict[str, str]
) -> None:
    found = explain(TABLE, "GET", url)
    assert found.route is not None
    assert (found.status, found.route.name, found.forwarded) == (0, name, forwarded)
    assert {route.name: why for route, why in found.others} == others


@pytest.mark.parametrize(
    ("method", "url", "status", "reason"),
    [
        (
            "PUT",
            "/v1/new",
            405,
            "the most specific path is that of new (line 3), make (line 4), with GET, HEAD, POST",
        ),
        ("GET", "/internal/x", 404, "the path is reserved"),
        ("GET", "http://a.test/v1/internal", 404, "what route host would forward is reserved"),
        ("GET", "/a/../b", 400, "the path holds a dot segment"),
        ("GET", "/a%2fb", 400, "the path holds an escaped slash"),
        ("get", "/", 400, "the request line must be"),
        ("TRACE", "/", 405, "TRACE is not served here"),
        ("GET", "a.test/x", 400, "the URL must begin with http"),
        ("GET", "/x#y", 400, "the URL holds a character"),
        ("GET", "/a b", 400, "the request line must be"),
        ("GET", "http://a b/", 400, "the request line must be"),
        ("GET", "/x HTTP/1.0\r\nHost: a.test\r\nX: ", 400, "the URL holds a character"),
        ("GET", "http://a@b/", 400, "the target names another host"),
        ("GET", "http://[::1/", 400, "the target names another host"),
    ],
)
def test_what_no_route_takes_is_said_with_the_status(method: str, url: str, status: int, reason: str) -> None:
    found = explain(TABLE, method, url)
    assert found.route is None
    assert (found.status, found.reason[: len(reason)]) == (status, reason)


def test_where_there_is_no_route_it_says_so() -> None:
    found = explain(RouteTable((route_of(path="/a"),)), "GET", "/b")
    assert (found.status, found.others) == (404, ())


@pytest.mark.parametrize(
    ("url", "sent"),
    [("http://B.example:8080/hello/x", "the host b.example"), ("/hello/x", "a request without a host")],
)
def test_routes_that_differ_in_the_host_alone_are_named_where_none_is_for_it(url: str, sent: str) -> None:
    table = RouteTable(
        (
            route_of(name="wild", host="*.a.example", path="/hello", prefix=True),
            route_of(name="exact", host="a.example", path="/hello/x"),
            route_of(name="elsewhere", host="a.example", path="/other"),
        )
    )
    found = explain(table, "GET", url)
    assert (found.status, found.reason) == (404, f"no route stands for {sent} and this path")
    assert [(route.name, why) for route, why in found.others] == [
        ("exact", "its host is a.example"),
        ("wild", "its host is *.a.example"),
    ]


@each_case("method", ["GET", "POST", "PUT"])
@each_case("host", ["", "a.test", "b.test"])
@each_case("path", ["/", "/v1", "/v1/", "/v1/x", "/v1/new", "/v1/new/", "/x/new/y", "/x"])
def test_what_is_explained_is_what_is_done(method: str, host: str, path: str) -> None:
    found = explain(TABLE, method, f"http://{host}{path}" if host else path)
    done = match(TABLE, method, path, host)
    assert (found.route is done) if isinstance(done, Route) else found.status == (405 if done else 404)
