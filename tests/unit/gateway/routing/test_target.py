"""A path has one spelling, which is what is matched and what is forwarded; all else is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.http1.request import BadRequest
from gateway.routing.target import Target, parse_target

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


@pytest.mark.parametrize("raw", REFUSED)
def test_a_path_that_two_servers_may_read_differently_is_refused(raw: str) -> None:
    with pytest.raises(BadRequest) as refusal:
        parse_target(raw)
    assert refusal.value.status == 400


@pytest.mark.parametrize("raw", ACCEPTED)
def test_a_path_is_brought_to_its_one_spelling(raw: str) -> None:
    assert parse_target(raw) == Target(ACCEPTED[raw], None)
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
