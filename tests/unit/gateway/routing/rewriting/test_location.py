"""A redirect leads its client to what it can reach; one to anywhere else is not touched."""

import pytest

from gateway.edge.client_origin import Origin, unproxied
from gateway.routing.rewriting.location import outer_location
from gateway.routing.rewriting.path_prefix import PrefixRewrite
from gateway.routing.table import Route, Upstream
from gateway.upstreams.settings import Address
from tests.support.cases import each_case
from tests.support.http1.heads import route_of

SERVICE = Upstream("s", "http", "inner.test", 80, addresses=(Address("inner.test", 80), Address("fd00::1", 8105)))
PLAIN = route_of(upstream=SERVICE, path="/", prefix=True)
STRIPPED = route_of(upstream=SERVICE, path="/svc", prefix=True, rewrite=PrefixRewrite(1, ""))
REWRITTEN = route_of(upstream=SERVICE, path="/svc", prefix=True, rewrite=PrefixRewrite(1, "/inner"))
TLS = route_of(upstream=Upstream("t", "https", "inner.test", 443), path="/", prefix=True)
HOSTED = route_of(upstream=SERVICE, path="/svc", prefix=True, rewrite=PrefixRewrite(1, ""), preserve_host=True)
OUTER = Origin("9.9.9.9", "10.0.0.9", "9.9.9.9", "https", "api.example.com", trusted=True)


@each_case(
    ("route", "location", "outer"),
    [
        (PLAIN, "http://inner.test/a?b#c", "https://api.example.com/a?b#c"),
        (PLAIN, "http://inner.test:80/a", "https://api.example.com/a"),
        (PLAIN, "HTTP://INNER.test/a", "https://api.example.com/a"),
        (PLAIN, "http://[fd00::1]:8105/a", "https://api.example.com/a"),
        (PLAIN, "//inner.test/a", "https://api.example.com/a"),
        (PLAIN, "http://inner.test", "https://api.example.com"),
        (PLAIN, "http://inner.test?a", "https://api.example.com?a"),
        (PLAIN, "/a", "/a"),
        (TLS, "https://inner.test/a", "https://api.example.com/a"),
        (TLS, "https://inner.test:443/a", "https://api.example.com/a"),
        (STRIPPED, "/a", "/svc/a"),
        (STRIPPED, "/", "/svc/"),
        (STRIPPED, "http://inner.test/a", "https://api.example.com/svc/a"),
        (STRIPPED, "http://inner.test", "https://api.example.com/svc"),
        (STRIPPED, "https://api.example.com/a", "https://api.example.com/svc/a"),
        (STRIPPED, "http://api.example.com/a", "http://api.example.com/svc/a"),
        (STRIPPED, "//api.example.com/a", "//api.example.com/svc/a"),
        (HOSTED, "http://api.example.com:80/a", "https://api.example.com/svc/a"),
        (HOSTED, "http://api.example.com:8105/a", "https://api.example.com/svc/a"),
        (HOSTED, "http://api.example.com:8106/a", "http://api.example.com:8106/a"),
        (STRIPPED, "http://api.example.com:8105/a", "http://api.example.com:8105/a"),
        (REWRITTEN, "/inner/a", "/svc/a"),
        (REWRITTEN, "/other/a", "/other/a"),
        (REWRITTEN, "http://inner.test/inner/a", "https://api.example.com/svc/a"),
        (REWRITTEN, "http://inner.test/other", "https://api.example.com/other"),
        (REWRITTEN, "https://api.example.com/inner", "https://api.example.com/svc"),
    ],
)
def test_what_names_the_upstream_is_made_to_name_what_was_called(route: Route, location: str, outer: str) -> None:
    assert outer_location(location, route, "/svc/x", OUTER) == outer


@each_case(
    "location",
    [
        "https://inner.test/a", "http://inner.test:81/a", "http://inner.test.evil.test/a", "http://other.test/inner/a",
        "http://inner.test@evil.test/a", "http://user@inner.test/a", "http://inner.test:80@evil.test/", "http://inner.test\\@evil.test/",
        "//evil.test/a", "http:///a", "https:inner.test", "ftp://inner.test/a",
        "a", "../a", "?a", "", "mailto:a@inner.test", "\\\\inner.test/a",
    ],
)  # fmt: skip
@each_case("route", [PLAIN, STRIPPED, REWRITTEN])
def test_what_names_anything_else_stays_as_it_is(route: Route, location: str) -> None:
    assert outer_location(location, route, "/svc/x", OUTER) == location


def test_a_path_below_a_stripped_prefix_never_becomes_another_host() -> None:
    """`//evil.test` is a host: what is made of a path begins with the prefix."""
    for path in ("/\\evil.test", "/%2Fevil.test", "/.//evil.test"):
        assert outer_location(path, STRIPPED, "/svc/x", OUTER).startswith("/svc/")


@pytest.mark.parametrize("host", ["a/b", "a@b", "a, b", "a b", "\\"])
def test_what_a_proxy_passes_on_as_the_host_and_is_none_is_not_written_into_a_response(host: str) -> None:
    origin = Origin("9.9.9.9", "10.0.0.9", "9.9.9.9", "https", host, trusted=True)
    assert outer_location("http://inner.test/a", PLAIN, "/svc/x", origin) == "/a"


def test_without_a_host_that_was_called_a_path_is_left() -> None:
    """A request of HTTP/1.0 may name none."""
    assert outer_location("http://inner.test/a", STRIPPED, "/svc/x", unproxied("9.9.9.9")) == "/svc/a"
    assert outer_location("http://inner.test", PLAIN, "/svc/x", unproxied("9.9.9.9")) == "/"


@pytest.mark.parametrize("path", ["//evil.test/a", "/\\evil.test/a", "///evil.test"])
def test_without_a_host_that_was_called_no_path_is_left_that_names_one(path: str) -> None:
    assert outer_location(f"http://inner.test{path}", PLAIN, "/x", unproxied("9.9.9.9")) == f"/.{path}"
