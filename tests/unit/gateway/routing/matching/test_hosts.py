"""Which of the hosts in a route file a request is for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.routing.matching.hosts import HostIndex, canonical_host, host_matches, host_specificity, parse_host
from gateway.routing.matching.path_index import PathIndex
from gateway.routing.matching.path_pattern import PathPattern

ROOT = PathPattern.of("/", prefix=True)
NAMES = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=4).map(".".join)
PATTERNS = NAMES | NAMES.map("*.{}".format) | st.just("")


def index_of(*patterns: str) -> HostIndex[str]:
    return HostIndex({pattern: PathIndex([(ROOT, pattern)]) for pattern in patterns})


@given(st.lists(PATTERNS, unique=True), NAMES)
def test_the_most_specific_of_all_hosts_that_match_is_found(patterns: list[str], host: str) -> None:
    matching = sorted((p for p in patterns if host_matches(p, host)), key=host_specificity)
    scope = index_of(*patterns).scope(host)
    assert [index.find("/")[0] for index in scope.indexes] == matching


@pytest.mark.parametrize(
    ("authority", "found"),
    [
        ("api.example.com", "api.example.com"),
        ("API.Example.COM", "api.example.com"),
        ("api.example.com:8443", "api.example.com"),
        ("api.example.com.", "api.example.com"),
        ("api.example.com.:80", "api.example.com"),
        ("v2.api.example.com", "*.api.example.com"),
        ("a.b.api.example.com", "*.api.example.com"),
        ("www.example.com", "*.example.com"),
        ("example.com", ""),
        (".example.com", ""),
        ("badexample.com", ""),
        ("api.example.com.evil.test", ""),
        ("127.0.0.1:8080", "127.0.0.1"),
        ("[::1]:8080", "[::1]"),
        ("[0:0::0:1]", "[::1]"),
        ("", ""),
        ("a b", ""),
    ],
)
def test_case_port_and_spelling_do_not_matter(authority: str, found: str) -> None:
    index = index_of("", "api.example.com", "*.api.example.com", "*.example.com", "127.0.0.1", "[::1]")
    assert index.scope(authority).find("/") == (found,)


@pytest.mark.parametrize("host", ["x.v2.api.test", "v2.api.test", "y.x.v2.api.test", "z.test"])
def test_every_host_that_matches_is_looked_in_the_most_specific_first(host: str) -> None:
    patterns = ["", "*.test", "*.api.test", "*.v2.api.test", "v2.api.test", "*.other"]
    matching = sorted((pattern for pattern in patterns if host_matches(pattern, host)), key=host_specificity)
    assert [index.find("/")[0] for index in index_of(*patterns).scope(host).indexes] == matching


def test_a_path_that_the_most_specific_host_does_not_have_is_looked_for_at_the_next() -> None:
    paths = {"api.example.com": "/a", "*.example.com": "/b", "": "/c"}
    index = HostIndex(
        {host: PathIndex([(PathPattern.of(path, prefix=False), host)]) for host, path in paths.items()}
    )
    scope = index.scope("api.example.com")
    assert [scope.find(path) for path in ("/a", "/b", "/c", "/d")] == [
        ("api.example.com",), ("*.example.com",), ("",), (),
    ]  # fmt: skip


def test_the_scopes_of_one_table_are_told_apart_by_number() -> None:
    index = index_of("", "a.b", "*.b")
    assert len({index.scope(host).number for host in ("a.b", "c.b", "other")}) == 3
    assert index.scope("x.b").number == index.scope("y.b").number, "hosts that a stranger makes up are one scope"


@pytest.mark.parametrize(
    "pattern",
    ["", "*", "*.", "*.*.com", "a.*", "a*.com", "x.*.com", "http://a", "a:80", "a/b", "a b", "-a.com", "a..b", ".a",
     "a.", "[::g]", "[::1]:80", "*.[::1]", "é.com", "a\n", "a" * 256],
)  # fmt: skip
def test_what_is_no_host_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="must be a host without a port"):
        parse_host(pattern)


@pytest.mark.parametrize(
    ("pattern", "compared"), [("API.Example.com", "api.example.com"), ("*.X.y", "*.x.y"), ("[0::1]", "[::1]")]
)
def test_a_host_is_compared_in_one_spelling(pattern: str, compared: str) -> None:
    assert parse_host(pattern) == compared
    assert canonical_host(compared.removeprefix("*.")) == compared.removeprefix("*.")
