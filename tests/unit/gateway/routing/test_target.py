"""A path has one spelling, which is what is matched and what is forwarded; all else is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.http1.request import BadRequest
from gateway.routing.target import (
    ENCODED_SLASHES,
    ESCAPED_DELIMITERS,
    SEMICOLONS,
    parse_target,
    read_target,
    readings,
    require_allowed,
)
from tests.support.cases import each_case

REFUSED = [
    "", "a", "*", "/..", "/.", "/../a", "/a/../b", "/a/./b", "/a/..", "/a/.",
    "/%2e%2e", "/%2E%2e/a", "/a/%2e", "/a/.%2e/b", "/a/%2e./b", "/a/%2e%2e%2fb",
    "/a%2fb", "/a%2Fb", "/%2f", "/a%5cb", "/a%5Cb", "/a\\b", "/a/..\\b", "/..%5c", "\\a",
    "//", "//a", "/a//b", "///", "/a//",
    "/a;b", "/a/..;/b", "/a/;/b", "/;a", "/a;", "/a%3bb", "/a%3Bb", "/a/.;x/b", "/a/%2e%2e;/b",
    "/%00", "/a%00b", "/a%0a", "/a%0d%0aX", "/a%1f", "/a%7f", "/a%09", "/a%c2%80", "/a%C2%85",
    "/%252e%252e", "/%252f", "/a%255cb", "/%25%32%65", "/%2500", "/a%25%35%63b", "/%25252e",
    "/%c0%ae%c0%ae", "/%c0%af", "/%e0%80%ae", "/%f0%80%80%ae", "/%c1%9c", "/%ff", "/%c3", "/%80", "/%ed%a0%80",
    "/%", "/%a", "/%zz", "/%u002e", "/%u2216", "/a%", "/%2", "/% 2e", "/%-1",
    "/a b", "/a\tb", "/a\0b", "/a\x7fb", "/a\xffb", "/\u00e9", "/a\"b", "/a<b>", "/a{b}", "/a|b", "/a^b", "/a`b",
    "/a[b]", "/a#b", "/a?b#c", "/a?b c", "/a?%", "/a?%zz", "/a?\u00e9", '/a?"', "/a?<", "/a?\\",
]  # fmt: skip
ACCEPTED = {
    "/": "/",
    "/a": "/a",
    "/a/": "/a/",
    "/a/b.c": "/a/b.c",
    "/.well-known/jwks.json": "/.well-known/jwks.json",
    "/...": "/...",
    "/..a/b..": "/..a/b..",
    "/%61": "/a",
    "/%7Ea": "/~a",
    "/%2d%5f": "/-_",
    "/a%20b": "/a%20b",
    "/%e4%b8%ad": "/%E4%B8%AD",
    "/a%3ab": "/a%3Ab",
    "/a%25b": "/a%25b",
    "/a%25": "/a%25",
    "/OKIT.Operator.Api/api/tokenvalidator": "/OKIT.Operator.Api/api/tokenvalidator",
    "/a:b@c!$&'()*+,=d": "/a:b@c!$&'()*+,=d",
}


@each_case("raw", REFUSED)
def test_a_path_that_two_servers_may_read_differently_is_refused(raw: str) -> None:
    with pytest.raises(BadRequest) as refusal:
        parse_target(raw)
    assert refusal.value.status == 400


@pytest.mark.parametrize("raw", ACCEPTED)
def test_a_path_is_brought_to_its_one_spelling(raw: str) -> None:
    target = parse_target(raw)
    assert (target.path, target.query) == (ACCEPTED[raw], None)
    assert parse_target(ACCEPTED[raw]).path == ACCEPTED[raw]


@pytest.mark.parametrize(
    ("raw", "query"),
    [
        ("/a?", None),
        ("/a?b", "b"),
        ("/a?b=c&b=d", "b=c&b=d"),
        ("/a??", "?"),
        ("/a?b=/../c", "b=/../c"),
        ("/a?b=%2e%2e%2f%00%ff", "b=%2e%2e%2f%00%ff"),
        ("/a?b[]={c}|d^`e", "b[]={c}|d^`e"),
    ],
)
def test_a_query_goes_on_as_it_was_sent(raw: str, query: str | None) -> None:
    assert parse_target(raw).query == query


@pytest.mark.parametrize("raw", ['/a?b="c"', "/a?b=<c>", "/a?b=c d", "/a?b=\\c", "/a?b=\u00e9", "/a?b=%zz"])
def test_a_query_with_a_character_that_browsers_escape_is_refused(raw: str) -> None:
    with pytest.raises(BadRequest, match="the query holds a character that must be percent-encoded"):
        parse_target(raw)


@given(st.text(max_size=200))
def test_any_text_is_a_target_or_a_refusal(text: str) -> None:
    try:
        target = parse_target("/" + text)
    except BadRequest:
        return
    assert parse_target(str(target)) == target
    assert str(target).isascii()
    assert not {"..", "."} & set(target.path.split("/"))


@pytest.mark.parametrize(
    ("raw", "path", "ambiguities"),
    [
        ("/a", "/a", set()),
        ("/a%2fb", "/a%2Fb", {ENCODED_SLASHES}),
        ("/%61%2Fb?c", "/a%2Fb", {ENCODED_SLASHES}),
        ("/a;b=c/d", "/a;b=c/d", {SEMICOLONS}),
        ("/a%3bb", "/a%3Bb", {SEMICOLONS}),
        ("/a;b%2Fc", "/a;b%2Fc", {ENCODED_SLASHES, SEMICOLONS}),
        ("/a%2F", "/a%2F", {ENCODED_SLASHES}),
    ],
)
def test_what_a_route_may_allow_is_named_and_refused_where_it_does_not(
    raw: str, path: str, ambiguities: set[str]
) -> None:
    target = read_target(raw)
    assert (target.path, target.ambiguities) == (path, frozenset(ambiguities))
    require_allowed(target, frozenset(ambiguities))
    for member in ambiguities:
        with pytest.raises(BadRequest, match="holds a"):
            require_allowed(target, frozenset(ambiguities - {member}))


@each_case(
    "raw",
    [
        "/a/..%2fb", "/a%2f..%2fb", "/a%2f..", "/%2e%2e%2fa", "/a%2f.%2fb", "/a%2f%2fb", "/%2fa", "/a/%2fb",
        "/a%2f/b", "/a/..;/b", "/a/..;x=1/b", "/a/.;/b", "/a/;/b", "/a/;x/b", "/;x/b", "/a/..%3b/b", "/a/%2e%2e;/b",
        "/a/..;%2fb/c", "/a;x%2f../b", "/a;/%2f;/b", "/a/.%3b%2fb/c", "/a%5cb", "/a;\\b",
        "/a%252fb", "/a%253bb", "/a%00;b", "/a;%0a",
    ],
)  # fmt: skip
def test_what_is_a_dot_segment_or_an_empty_one_in_any_reading_is_refused_for_every_route(raw: str) -> None:
    with pytest.raises(BadRequest):
        read_target(raw)


@pytest.mark.parametrize(
    ("path", "read"),
    [
        ("/a", {"/a"}),
        ("/a%2Fb", {"/a%2Fb", "/a/b"}),
        ("/a;b/c", {"/a;b/c", "/a/c"}),
        ("/a%3Bb/c", {"/a%3Bb/c", "/a;b/c", "/a/c"}),
        ("/a;x%2Fb/c", {"/a;x%2Fb/c", "/a;x/b/c", "/a/c", "/a/b/c"}),
        ("/a%3Bx%2Fb", {"/a%3Bx%2Fb", "/a;x%2Fb", "/a%3Bx/b", "/a;x/b", "/a/b", "/a"}),
        ("/a%3Ab%40", {"/a%3Ab%40", "/a:b@"}),
        ("/a%2Fb;x/c", {"/a%2Fb;x/c", "/a/b;x/c", "/a%2Fb/c", "/a/b/c"}),
    ],
)
def test_all_readings_of_a_path_are_known(path: str, read: set[str]) -> None:
    assert set(readings(path)) == read
    assert readings(path)[0] == path


@pytest.mark.parametrize("piece", ["/a%2Fb", "/a;b", "/a%3Bb"])
def test_how_much_of_it_a_path_may_hold_is_bounded(piece: str) -> None:
    read_target(piece * 64)
    with pytest.raises(BadRequest, match="holds more than 64"):
        read_target(piece * 65)


@given(
    st.lists(st.sampled_from(["a", "b", ".", "/", ";", "%2F", "%3B", "%3A", "%", "\\"]), max_size=40).map("".join)
)
def test_there_are_few_readings_however_long_the_path_is(text: str) -> None:
    assert len(readings("/" + text)) <= 32


@pytest.mark.parametrize("character", "!$&'()*+,:=@")
def test_a_character_that_a_path_may_hold_is_known_when_it_is_escaped_too(character: str) -> None:
    escaped = f"/a%{ord(character):02x}"
    target = read_target(escaped)
    assert (target.path, target.ambiguities) == (
        escaped.upper().replace("A%", "a%"),
        frozenset({ESCAPED_DELIMITERS}),
    )
    assert readings(target.path) == [target.path, f"/a{character}"]
    require_allowed(target, frozenset())
