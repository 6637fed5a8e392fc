"""What is kept comes back as it was sent; what cannot be is told which limit it breaks."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.session_tokens.parameters import BadParameters, as_query, parse
from shared.strict_json import Rule
from tests.support.cases import each_case

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=128)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(min_value=-(10**400), max_value=10**400)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=6
).filter(lambda value: _depth(value) < 8)
OBJECTS = st.dictionaries(NAMES, VALUES, max_size=20)


def _depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(_depth, value), default=0)
    return 0


def _nested(levels: int, opening: str = '{"a":', closing: str = "}") -> bytes:
    return (opening * levels + "1" + closing * levels).encode()


@given(sent=OBJECTS, ascii_=st.booleans(), indent=st.sampled_from([None, 1]))
def test_what_is_accepted_comes_back_equal_and_in_order(
    sent: dict[str, Any], ascii_: bool, indent: int | None
) -> None:
    body = json.dumps(sent, ensure_ascii=ascii_, indent=indent).encode()
    back = json.loads(parse(body).with_auth("blabla"))
    assert list(back.items())[: len(sent)] == list(sent.items())
    assert back == {"auth": "blabla", **sent}
    assert list(map(repr, back.values()))[: len(sent)] == list(map(repr, sent.values()))  # 1 is not 1.0 is not True


@given(sent=OBJECTS, indent=st.sampled_from([None, 1]))
def test_a_query_holds_strings_as_they_are_and_all_else_as_json(sent: dict[str, Any], indent: int | None) -> None:
    query = as_query(parse(json.dumps(sent, indent=indent).encode()).text)
    assert list(query) == list(sent)
    for name, value in sent.items():
        if isinstance(value, str):
            assert query[name] == value
        else:
            assert repr(json.loads(query[name])) == repr(value)


@given(sent=st.dictionaries(NAMES, TEXT, max_size=20), ascii_only=st.booleans())
def test_a_query_of_strings_alone_holds_each_as_it_is(sent: dict[str, str], ascii_only: bool) -> None:
    query = as_query(parse(json.dumps(sent, ensure_ascii=ascii_only).encode()).text)
    assert list(query.items()) == list(sent.items())


@pytest.mark.parametrize(
    "number",
    [
        "0",
        "-0",
        "1.0",
        "1.10",
        "1e2",
        "1E+2",
        "-0.0",
        "12345678901234567890123456789",
        "1e-400",
        "0.1000000000000000055",
    ],
)
def test_every_digit_of_a_number_is_kept(number: str) -> None:
    text = f'{{"n":{number},"l":[{number} ]}}'.encode()
    assert parse(text).text == text
    assert as_query(text) == {"n": number, "l": f"[{number} ]"}


def test_white_space_around_the_object_is_not_kept() -> None:
    assert parse(b' \r\n\t{"a": 1 } \n').text == b'{"a": 1 }'


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (b"{}", b'{"auth":"blabla"}'),
        (b"{ }", b'{"auth":"blabla"}'),
        (b'{"a":1}', b'{"a":1,"auth":"blabla"}'),
        (b'{\n "a": 1\n}', b'{\n "a": 1,"auth":"blabla"}'),
        (b'{"auth":"apiKey","a":1}', b'{"auth":"apiKey","a":1}'),
        (b'{"auth":null}', b'{"auth":null}'),
        (b'{"\\u0061uth":"x"}', b'{"\\u0061uth":"x"}'),
        (b'{"a":{"auth":1}}', b'{"a":{"auth":1},"auth":"blabla"}'),
        (b'{"a":"\\"auth\\":1"}', b'{"a":"\\"auth\\":1","auth":"blabla"}'),
    ],
)
def test_auth_is_filled_in_last_and_only_when_absent(sent: bytes, kept: bytes) -> None:
    assert parse(sent).with_auth("blabla") == kept


@pytest.mark.parametrize("name", ["__proto__", "constructor", "toString", "", "a.b", "a[]", "\u0000", "\U0001f511"])
def test_no_name_is_special(name: str) -> None:
    body = json.dumps({name: {name: 1}}).encode()
    assert parse(body).text == body
    assert as_query(body) == {name: json.dumps({name: 1})}


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({f"p{i}": i for i in range(256)}).encode(),
        json.dumps({"n" * 128: 1}).encode(),
        json.dumps({"\U0001f511" * 128: 1}, ensure_ascii=False).encode(),
        json.dumps({"a": {"n" * 129: 1}}).encode(),
        _nested(8),
        b'{"a":' + _nested(7, "[", "]") + b"}",
        b'{"a":"[[[[[[[[[[{{{{{{{{{{"}',
        json.dumps({"a": [[], [], [], [], [], [], [], [], [], []]}).encode(),
        b'{"a":' + b"9" * 4096 + b"}",
        b'{"a":"\\ud83d\\udd11"}',
        b'{"a":"\\\\ud800"}',
        b'{"a":{"b":1},"c":{"b":1}}',
    ],
)
def test_what_is_just_within_the_limits_is_kept(body: bytes) -> None:
    assert parse(body).text == body


@each_case(
    ("body", "rule"),
    [
        (b"", Rule.JSON),
        (b" ", Rule.JSON),
        (b"{", Rule.JSON),
        (b'{"a":1', Rule.JSON),
        (b'{"a":1}}', Rule.JSON),
        (b'{"a":1}{"b":2}', Rule.JSON),
        (b'{"a":1,}', Rule.JSON),
        (b"{'a':1}", Rule.JSON),
        (b"{a:1}", Rule.JSON),
        (b'{"a":01}', Rule.JSON),
        (b'{"a":+1}', Rule.JSON),
        (b'{"a":.5}', Rule.JSON),
        (b'{"a":1.}', Rule.JSON),
        (b'{"a":0x10}', Rule.JSON),
        (b'{"a":True}', Rule.JSON),
        (b'{"a":undefined}', Rule.JSON),
        (b'{"a":"\\x41"}', Rule.JSON),
        (b'{"a":"\\u12"}', Rule.JSON),
        (b'{"a":"\t"}', Rule.JSON),
        (b'{"a":"\x00"}', Rule.JSON),
        (b'{"a":1/**/}', Rule.JSON),
        (b"\x0b{}", Rule.JSON),
        (b"\xc2\xa0{}", Rule.JSON),
        (b"\xef\xbb\xbf{}", Rule.BYTE_ORDER_MARK),
        ('{"a":\u0661}'.encode(), Rule.JSON),
        ("{}".encode("utf-16-le"), Rule.JSON),
        ("{}".encode("utf-16"), Rule.ENCODING),
        (b'{"a":"\xff"}', Rule.ENCODING),
        (b'{"a":"\xed\xa0\x80"}', Rule.ENCODING),
        (b'{"a":"\xc0\x80"}', Rule.ENCODING),
        (b"null", Rule.OBJECT),
        (b'"a"', Rule.OBJECT),
        (b"[{}]", Rule.OBJECT),
        (b"1", Rule.OBJECT),
        (b'{"a":1,"a":1}', Rule.DUPLICATE),
        (b'{"a":1,"\\u0061":2}', Rule.DUPLICATE),
        (b'{"x":[{"a":1,"a":2}]}', Rule.DUPLICATE),
        (b'{"__proto__":1,"__proto__":2}', Rule.DUPLICATE),
        (b'{"a":NaN}', Rule.NOT_FINITE),
        (b'{"a":Infinity}', Rule.NOT_FINITE),
        (b'{"a":-Infinity}', Rule.NOT_FINITE),
        (b'{"a":1e400}', Rule.NOT_FINITE),
        (b'{"a":[-1e999999999]}', Rule.NOT_FINITE),
        (b'{"a":' + b"9" * 4097 + b"}", Rule.NUMBER),
        (b'{"a":0.' + b"1" * 5000 + b"}", Rule.NUMBER),
        (b'{"a":"\\ud800"}', Rule.SURROGATE),
        (b'{"a":"\\udc00\\ud800"}', Rule.SURROGATE),
        (b'{"a":["\\uD83D x"]}', Rule.SURROGATE),
        (b'{"\\ud800":1}', Rule.SURROGATE),
        (b'{"a":{"\\udfff":1}}', Rule.SURROGATE),
        (_nested(9), Rule.DEPTH),
        (b'{"a":' + _nested(8, "[", "]") + b"}", Rule.DEPTH),
        (_nested(10_000), Rule.DEPTH),
        (_nested(30_000, "[", "]"), Rule.DEPTH),
        (b'{"a":' + b"[" * 60_000, Rule.DEPTH),
        (json.dumps({f"p{i}": i for i in range(257)}).encode(), Rule.COUNT),
        (json.dumps({str(i): 0 for i in range(5_000)}).encode(), Rule.COUNT),
        (json.dumps({"n" * 129: 1}).encode(), Rule.NAME),
    ],
)
def test_what_breaks_a_rule_is_refused_by_that_rule(body: bytes, rule: Rule) -> None:
    with pytest.raises(BadParameters) as refused:
        parse(body)
    assert refused.value.rule == rule


@given(st.binary(max_size=200) | st.text('{}[]":,\\u0dD8 1e-9nNaItrue', max_size=60).map(str.encode))
def test_no_body_is_more_than_refused(body: bytes) -> None:
    try:
        parsed = parse(body)
    except BadParameters:
        return
    assert isinstance(json.loads(parsed.with_auth("blabla")), dict)
    as_query(parsed.text)
