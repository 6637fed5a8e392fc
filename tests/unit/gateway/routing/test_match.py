"""The most specific path decides; what is for operators is never routed."""

import re
from collections.abc import Callable, Sequence
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.http1.request import BadRequest
from gateway.routing.match import match, require_one_route, upstream_target
from gateway.routing.rewriting.path_prefix import PrefixRewrite
from gateway.routing.table import MAX_CACHED_PATHS, Route, RouteTable
from gateway.routing.target import ENCODED_SLASHES, SEMICOLONS, read_target
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


def reference(routes: Sequence[Route], method: str, path: str, host: str) -> str | tuple[str, ...]:
    """Slow and obvious: rank all routes that stand for host and path, and ask the best ones for the method."""

    def rank(route: Route) -> tuple[object, ...] | None:
        name, asked = route.host, host.lower().split(":")[0]
        if name.startswith("*."):
            host_rank = (1, -len(name.split("."))) if asked.endswith("." + name[2:]) else None
        else:
            host_rank = (2, 0) if not name else (0, 0) if asked == name else None
        wanted, given_ = route.path.split("/")[1:], path.split("/")[1:]
        slash = route.prefix and wanted[-1] == ""
        wanted = wanted[:-1] if slash else wanted
        if not route.prefix and len(given_) != len(wanted):
            return None
        if len(given_) < len(wanted) + slash or host_rank is None:
            return None
        for want, have in zip(wanted, given_, strict=False):
            if have != want if not want.startswith("{") else have == "":
                return None
        named = ["{" in segment for segment in wanted]
        if route.prefix:
            return host_rank, 2, -len(wanted), named, not slash
        return host_rank, any(named), 0, named, False

    ranked = [(found, route) for route in routes if (found := rank(route)) is not None]
    if not ranked:
        return ()
    best = min(found for found, _ in ranked)
    candidates = [route for found, route in ranked if found == best]
    for accepted in (method, "GET") if method == "HEAD" else (method,):
        for route in candidates:
            if route.methods is None or accepted in route.methods:
                return route.name
    methods = {name for route in candidates for name in route.methods or ()}
    return tuple(sorted(methods | ({"HEAD"} if "GET" in methods else set())))


_SEGMENT = st.sampled_from(["a", "b"])
_HOST = st.sampled_from(["", "x.test", "*.test", "*.x.test", "a.x.test"])
_PATH = st.builds(
    lambda segments, end: "/" + "/".join(segments) + (end if segments else ""),
    st.lists(_SEGMENT | st.sampled_from(["a:b", "{n}"]), max_size=4),
    st.sampled_from(["", "/"]),
)
_METHODS = st.sampled_from([None, frozenset({"GET"}), frozenset({"POST"}), frozenset({"HEAD", "PUT"})])


def _without_conflicts(routes: list[Route]) -> bool:
    taken: set[tuple[object, ...]] = set()
    for route in routes:
        for method in route.methods or ("GET", "POST", "HEAD", "PUT"):
            key = (route.host, route.pattern, method)
            if key in taken:
                return False
            taken.add(key)
    return True


@given(
    st.lists(st.tuples(_HOST, _PATH, st.booleans(), _METHODS), max_size=10)
    .map(
        lambda entries: [
            route_of(name=f"r{n}", host=host, path=path, prefix=prefix, methods=methods)
            for n, (host, path, prefix, methods) in enumerate(entries)
        ]
    )
    .filter(_without_conflicts),
    st.lists(_SEGMENT | st.just("c"), min_size=1, max_size=5),
    st.sampled_from(["", "/"]),
    st.sampled_from(["GET", "HEAD", "POST", "BREW"]),
    st.sampled_from(["x.test", "X.test:80", "b.test", "a.x.test", "b.x.test", "test", "y.other"]),
)
def test_the_route_is_that_of_a_slow_and_obvious_search_in_whatever_order_the_routes_are(
    routes: list[Route], segments: list[str], end: str, method: str, host: str
) -> None:
    path = "/" + "/".join(segments) + end
    expected = reference(routes, method, path, host)
    for order in (routes, routes[::-1]):
        table = RouteTable(tuple(order))
        for _ in range(2):  # searched for, and cached
            found = match(table, method, path, host)
            assert (found if isinstance(found, tuple) else found.name) == expected


def test_what_a_stranger_asks_for_is_cached_within_a_bound() -> None:
    table = RouteTable((route_of(name="a", host="*.test", path="/", prefix=True), route_of(name="b", path="/b")))
    for number in range(3 * MAX_CACHED_PATHS):
        match(table, "GET", f"/{number}", f"{number}.test")
    assert len(table.matched) <= MAX_CACHED_PATHS
    match(table, "GET", "/" + "x" * 8000, "a.test")
    assert all(len(str(path)) <= 256 and not isinstance(scope, str) for _, path, scope in table.matched)


def test_two_hosts_that_differ_in_nothing_but_a_wildcard_share_what_is_cached() -> None:
    table = RouteTable((route_of(name="a", host="*.test", path="/", prefix=True),))
    for number in range(100):
        match(table, "GET", "/", f"{number}.test")
    assert len(table.matched) == 1


def test_the_same_path_of_two_hosts_is_never_confused() -> None:
    table = RouteTable(
        (route_of(name="one", host="one.test", path="/a"), route_of(name="other", host="other.test", path="/a"))
    )
    for host in ("one.test", "other.test", "one.test"):
        found = match(table, "GET", "/a", host)
        assert isinstance(found, Route)
        assert found.name == host.removesuffix(".test")
    assert match(table, "GET", "/a", "none.test") == ()


def _without_parameters(path: str) -> str:
    return re.sub(";[^/]*", "", path)


def _unquoted_between_slashes(path: str) -> str:
    """All but the slashes, which some servers keep escaped."""
    return "%2F".join(map(unquote, path.split("%2F")))


UPSTREAMS: list[Callable[[str], str]] = [
    lambda path: path,  # takes the path as it is, as many routers do
    unquote,  # WSGI's PATH_INFO, nginx's $uri, Go's URL.Path
    _without_parameters,
    lambda path: unquote(_without_parameters(path)),  # servlets
    lambda path: _without_parameters(unquote(path)),
    lambda path: _unquoted_between_slashes(path),
    lambda path: _without_parameters(_unquoted_between_slashes(path)),
]
"""How servers read a path."""
_LENIENT = frozenset({ENCODED_SLASHES, SEMICOLONS})
_ODD_PATH = st.lists(
    st.sampled_from(
        ["a", "b", ":", "%3A", "%2F", "%2f", ";", "%3B", "/", "/a", "/b", "..", ".", ";x", "/internal"]
    ),
    min_size=1,
    max_size=7,
).map(lambda pieces: "/" + "".join(pieces))


@given(
    st.lists(st.tuples(_PATH, st.booleans(), _METHODS), max_size=8)
    .map(
        lambda entries: [
            route_of(name=f"r{n}", path=path, prefix=prefix, methods=methods, path_may_hold=_LENIENT)
            for n, (path, prefix, methods) in enumerate(entries)
        ]
    )
    .filter(_without_conflicts),
    _ODD_PATH,
    st.sampled_from(["GET", "POST"]),
)
def test_however_an_upstream_reads_the_path_it_is_one_of_the_route_that_was_chosen(
    routes: list[Route], raw: str, method: str
) -> None:
    table = RouteTable((*routes, route_of(name="all", path="/", prefix=True, path_may_hold=_LENIENT)))
    try:
        target = read_target(raw)
        route = match(table, method, target.path)
        if target.ambiguities:
            require_one_route(table, route, method, target, "")
    except BadRequest:
        return
    if isinstance(route, Route):
        for read in UPSTREAMS:
            seen = read(target.path)
            assert reference(table.routes, method, seen, "") == route.name, seen
            assert not seen.lower().startswith("/internal")
            assert not {"", ".", ".."} & set(seen.split("/")[1:-1])


TEMPLATES = RouteTable(
    (
        route_of(name="projects", path="/projects", prefix=True, path_may_hold=_LENIENT),
        route_of(name="name", path="/{name}", path_may_hold=_LENIENT),
        route_of(name="admin", path="/admin/users"),
        route_of(name="strict", path="/strict", prefix=True),
        route_of(name="slashes", path="/slashes", prefix=True, path_may_hold=frozenset({ENCODED_SLASHES})),
        route_of(name="project", path="/projects/a"),
        route_of(name="things", path="/things", prefix=True, methods=frozenset({"GET"})),
        route_of(name="purge", path="/things/1:purge"),
        route_of(name="owner", path="/things/@me"),
    )
)


@pytest.mark.parametrize(
    "raw",
    [
        "/projects/a%2Fb/x", "/projects/b;v=1/x", "/slashes/a%2Fb", "/name;v=1",
        "/things/joe%40example.com", "/things/1%3Aread", "/things/a%2C%2Bb", "/strict/%21%24%26%27%28%29%2A%3D",
    ],
)  # fmt: skip
def test_a_route_that_says_so_takes_paths_that_are_its_own_in_every_reading(raw: str) -> None:
    target = read_target(raw)
    require_one_route(TEMPLATES, match(TEMPLATES, "GET", target.path), "GET", target, "")


@pytest.mark.parametrize(
    "raw",
    ["/admin%2Fusers", "/a%2Fb", "/strict/a%2Fb", "/strict/a;b", "/slashes/a;b", "/slashes%2Fa", "/projects%2Fa",
     "/internal;x", "/internal%2Fv1", "/none/a%2Fb", "/admin;x/users", "/admin/users;x",
     "/things/1%3Apurge", "/things/1%3apurge", "/things/%40me", "/things%2Fa%3Ab", "/projects/a%3Bx%2Fb"],
)  # fmt: skip
def test_what_another_reading_makes_the_path_of_another_route_or_of_none_is_refused(raw: str) -> None:
    target = read_target(raw)
    with pytest.raises(BadRequest) as refused:
        require_one_route(TEMPLATES, match(TEMPLATES, "GET", target.path), "GET", target, "")
    assert (refused.value.status, refused.value.code) == (400, "malformed_target")


@pytest.mark.parametrize(
    ("raw", "method", "found"), [("/things/a%40b", "POST", ("GET", "HEAD")), ("/none/a%40b", "GET", ())]
)
def test_what_is_escaped_without_need_changes_nothing_where_no_route_takes_it(
    raw: str, method: str, found: tuple[str, ...]
) -> None:
    target = read_target(raw)
    assert match(TEMPLATES, method, target.path) == found
    require_one_route(TEMPLATES, found, method, target, "")


@pytest.mark.parametrize(
    "raw",
    [
        "/svc/internal",
        "/svc/internal/v1",
        "/svc/METRICS",
        "/svc/health/live",
        "/svc/internal%2Fv1",
        "/svc/internal;x",
    ],
)
def test_what_is_for_operators_is_not_reached_by_leaving_a_prefix_out(raw: str) -> None:
    assert upstream_target(read_target(raw), PrefixRewrite(1, "")) is None
    inner = upstream_target(read_target(raw), PrefixRewrite(1, "/inner"))
    assert inner is not None
    assert inner.path.startswith("/inner/")
