"""The most specific path decides; what is for operators is never routed."""

import pytest

from gateway.routing.match import match
from gateway.routing.table import RouteTable
from tests.support.http1.heads import route_of

TABLE = RouteTable(
    (
        route_of(name="site", path="/site", methods=frozenset({"GET"})),
        route_of(name="site-write", path="/site", methods=frozenset({"POST", "PUT"})),
        route_of(name="any", path="/any"),
        route_of(name="below", path="/below", prefix=True, methods=frozenset({"GET"})),
        route_of(name="deeper", path="/below/deeper", prefix=True, methods=frozenset({"POST"})),
        route_of(name="get", path="/own", methods=frozenset({"GET"})),
        route_of(name="head", path="/own", methods=frozenset({"HEAD"})),
        route_of(name="exact", path="/below/exact", methods=frozenset({"GET"})),
    )
)
EVERYTHING = RouteTable((route_of(name="all", path="/", prefix=True),))


@pytest.mark.parametrize(
    ("method", "path", "found"),
    [
        ("GET", "/site", "site"),
        ("POST", "/site", "site-write"),
        ("DELETE", "/site", ("GET", "HEAD", "POST", "PUT")),
        ("HEAD", "/site", "site"),
        ("GET", "/site/", ()),
        ("GET", "/Site", ()),
        ("GET", "/sit", ()),
        ("GET", "/siteX", ()),
        ("BREW", "/any", "any"),
        ("GET", "/below", "below"),
        ("GET", "/below/", "below"),
        ("GET", "/below/a/b", "below"),
        ("GET", "/belowX", ()),
        ("GET", "/below/exact", "exact"),
        ("GET", "/below/exact/more", "below"),
        ("HEAD", "/below/exact/more", "below"),
        ("HEAD", "/own", "head"),
        ("GET", "/own", "get"),
        ("HEAD", "/below/deeper/x", ("POST",)),
        ("POST", "/below/exact", ("GET", "HEAD")),
        ("GET", "/below/deeper/x", ("POST",)),
        ("POST", "/below/deeper", "deeper"),
        ("POST", "/below/deeperX", ("GET", "HEAD")),
        ("GET", "/", ()),
    ],
)
def test_the_most_specific_path_decides_alone(method: str, path: str, found: str | tuple[str, ...]) -> None:
    route = match(TABLE, method, path)
    assert (route if isinstance(route, tuple) else route.name) == found


@pytest.mark.parametrize(
    "path",
    [
        "/internal",
        "/internal/v1/changes",
        "/INTERNAL/x",
        "/metrics",
        "/metrics/x",
        "/health",
        "/health/ready",
        "/Health",
    ],
)
def test_a_route_for_everything_leaves_out_what_is_for_operators(path: str) -> None:
    assert match(EVERYTHING, "GET", path) == ()


@pytest.mark.parametrize("path", ["/", "/internals", "/healthy", "/a/internal", "/metrics.json"])
def test_a_route_for_everything_is_for_the_rest(path: str) -> None:
    assert not isinstance(match(EVERYTHING, "GET", path), tuple)
