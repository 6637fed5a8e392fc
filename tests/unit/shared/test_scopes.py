"""A scope covers what it says and nothing more, and a wildcard is granted only to who has all of it."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.scopes import InvalidScope, covered, covers, grant, intersection, parse_scope, parse_scope_list
from tests.support.cases import each_case


@pytest.mark.parametrize(
    ("granted", "wanted"),
    [
        ("site:read", "site:read"),
        ("website:read:*", "website:read:yachts"),
        ("website:read:*", "website:read:yachts:42"),
        ("website:read:*", "website:read:*"),
        ("website:read:*", "website:read:*:public"),
        ("entity:*", "entity:write:crew"),
        ("entity:*", "entity:write"),
        ("entity:*", "entity:*"),
        ("entity:*", "entity:*:*"),
        ("entity:*", "entity:*:crew"),
        ("entity:*:crew", "entity:write:crew"),
        ("entity:*:crew", "entity:*:crew"),
        ("*:read", "site:read"),
        ("*", "site"),
        ("*", "a:b:c:d:e:f:g:h"),
        ("*", "*"),
        ("*:*", "a:b"),
        ("a:*:*", "a:b:c:d"),
    ],
)
def test_covered(granted: str, wanted: str) -> None:
    assert covers(granted, wanted)


@each_case(
    ("granted", "wanted"),
    [
        ("site:read", "site:write"),
        ("site:read", "site"),
        ("site", "site:read"),
        ("site:read", "site:read:all"),
        ("site:read", "site:rea"),
        ("site:rea", "site:read"),
        ("site:read", "SITE:READ"),
        ("site:read", "site:*"),
        ("site:read", "*"),
        ("website:read:*", "website:*"),
        ("website:read:*", "website:read"),
        ("website:read:*", "website:write:yachts"),
        ("website:read:*", "website:*:yachts"),
        ("website:read:*", "*"),
        ("website:read:*", "websites:read:yachts"),
        ("entity:*", "entity"),
        ("entity:*", "entities:read"),
        ("entity:*:crew", "entity:write:boat"),
        ("entity:*:crew", "entity:write:more:crew"),
        ("entity:*:crew", "entity:*"),
        ("entity:*:crew", "entity:*:*"),
        ("entity:*:crew", "entity:crew"),
        ("*:read", "*"),
        ("*:read", "a:b:read"),
        ("*:*", "a"),
        ("*:*", "*"),
        ("a:*:*", "a:*"),
        ("a:*:*", "a:b"),
    ],
)
def test_not_covered(granted: str, wanted: str) -> None:
    assert not covers(granted, wanted)


SMALL = ["a", "b", "*"]
PATTERNS = [":".join(parts) for length in (1, 2, 3) for parts in itertools.product(SMALL, repeat=length)]
CONCRETE = [":".join(parts) for length in (1, 2, 3, 4) for parts in itertools.product("abc", repeat=length)]


def test_a_pattern_covers_another_exactly_when_it_covers_all_that_the_other_covers() -> None:
    meaning = {pattern: frozenset(scope for scope in CONCRETE if covers(pattern, scope)) for pattern in PATTERNS}
    for granted, wanted in itertools.product(PATTERNS, repeat=2):
        assert covers(granted, wanted) is (meaning[wanted] <= meaning[granted]), (granted, wanted)


def test_an_intersection_covers_exactly_what_both_cover() -> None:
    meaning = {pattern: frozenset(scope for scope in CONCRETE if covers(pattern, scope)) for pattern in PATTERNS}
    for one, other in itertools.product(PATTERNS, repeat=2):
        common = intersection(one, other)
        both = meaning[one] & meaning[other]
        assert (frozenset() if common is None else meaning[common]) == both, (one, other)


def test_any_one_of_the_granted_scopes_is_enough_and_none_is_not() -> None:
    assert covered(["site:read", "website:read:*"], "website:read:yachts")
    assert not covered(["site:read"], "website:read:yachts")
    assert not covered([], "site:read")


def test_what_is_asked_for_is_granted_whole_or_refused_by_its_place() -> None:
    have = {"site:read", "website:read:*"}
    assert grant(have, ["website:read:yachts", "site:read"]) == {"website:read:yachts", "site:read"}
    assert grant(have, ["website:read:*"]) == {"website:read:*"}
    assert grant(have, []) == frozenset()
    with pytest.raises(InvalidScope) as refusal:
        grant(have, ["site:read", "website:*"], field="scopes")
    assert refusal.value.code == "invalid_scope"
    assert refusal.value.description == "scopes[1] is not granted"


@pytest.mark.parametrize(
    "text", ["a", "*", "site:read", "website:read:*", "a.b-c_d:E9", "a:*:c", ":".join("abcdefgh"), "x" * 64]
)
def test_a_scope_is_segments_joined_by_colons(text: str) -> None:
    assert ":".join(parse_scope(text)) == text


@each_case(
    "text",
    [
        "",
        ":",
        "a:",
        ":a",
        "a::b",
        "a b",
        " a",
        "a\n",
        "a\0",
        "**",
        "a*",
        "*a",
        "a:b*",
        "é",
        "a/b",
        'a"b',
        "a\\b",
        "a,b",
        "\ud800",
        "x" * 65,
        ":".join("abcdefghi"),
        ":".join(["x" * 64] * 4),
        "a" * 100_000,
        "a:" * 50_000,
    ],
)
def test_an_ill_formed_scope_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(InvalidScope) as one:
        parse_scope(text)
    with pytest.raises(InvalidScope) as listed:
        parse_scope_list([text])
    for refusal in (one, listed):
        refusal.value.description.encode("ascii")
        assert len(refusal.value.description) < 120


def test_a_list_is_read_from_a_string_or_a_list_each_scope_once_in_order() -> None:
    expected = ("site:read", "a", "website:read:*")
    assert parse_scope_list("site:read a website:read:* a") == expected
    assert parse_scope_list(["site:read", "a", "website:read:*", "a"]) == expected
    assert parse_scope_list("") == parse_scope_list([]) == ()


@pytest.mark.parametrize(
    "value",
    [
        None,
        1,
        True,
        {"a": 1},
        b"a",
        [1],
        [None],
        ["a", ["b"]],
        ["a b"],
        "a  b",
        " a",
        "a ",
        "a\tb",
        "a\nb",
        "a,b",
        " ",
        " ".join(f"s{n}" for n in range(65)),
        [f"s{n}" for n in range(65)],
        ["a"] * 5000,
        "a " * 5000,
        "a" * 2_000_000,
    ],
)
def test_a_list_that_is_ill_formed_or_too_long_is_refused(value: object) -> None:
    with pytest.raises(InvalidScope) as refusal:
        parse_scope_list(value, field="scopes")
    assert refusal.value.errors[0].field.startswith("scopes")


def test_64_scopes_are_the_most() -> None:
    assert len(parse_scope_list(" ".join(f"s{n}" for n in range(64)))) == 64


@given(st.text(max_size=40) | st.text("ab:* .", max_size=12))
def test_any_text_is_scopes_or_invalid_scope(text: str) -> None:
    try:
        scopes = parse_scope_list(text)
    except InvalidScope:
        return
    assert scopes == tuple(dict.fromkeys(text.split(" "))) or text == ""


@pytest.mark.parametrize("text", [" a:b", "a:b ", "a:b  c:d", " "])
def test_a_blank_too_many_is_refused_as_that(text: str) -> None:
    with pytest.raises(InvalidScope, match="a blank too many"):
        parse_scope_list(text)
