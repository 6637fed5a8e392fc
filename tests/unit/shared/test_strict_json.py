import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.strict_json import DEFAULT_LIMITS, InvalidJson, Limits, Rule, _read, _shortest, loads_object

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.just("k") | st.text("ab{[", max_size=4), inner),
    max_leaves=10,
)


@given(st.dictionaries(st.text("abc[{", max_size=4), VALUES, max_size=4), st.booleans())
def test_plain_json_is_read_as_the_standard_library_reads_it(value: dict[str, Any], ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)
    assert loads_object(text.encode()) == json.loads(text)


@given(st.binary(max_size=60) | st.text('{}[]",:\\u0d1e9.-', max_size=60).map(str.encode))
def test_any_bytes_are_an_object_or_a_value_error(data: bytes) -> None:
    try:
        assert isinstance(loads_object(data), dict)
    except ValueError:
        return


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1,"a":1}',
        b'{"a":{"b":1,"b":2}}',
        b'{"a":12345678901234567890123}',
        b'{"a":1e400}',
        b'{"a":-0}',
        b'{"a":1.50}',
        b'{"a":"\\u0000"}',
        b'{"a":"\\ud800"}',
        b'{"a":"\xed\xa0\x80"}',
        b'{"a":NaN}',
        b'{"a": 1}',
        b'\xef\xbb\xbf{"a":1}',
        b"[1]",
        b"[" * 2000,
        b'{"a":' * 300,
    ],
)
def test_what_is_not_the_shortest_spelling_is_judged_by_the_strict_reading(data: bytes) -> None:
    assert _shortest(data, Limits(depth=4000)) is None


@given(st.dictionaries(st.text("abc[{\u0000é", max_size=4), VALUES, max_size=4))
def test_the_shortest_spelling_is_read_as_the_strict_reading_reads_it(value: dict[str, Any]) -> None:
    data = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    found = _shortest(data, DEFAULT_LIMITS)
    if found is not None:
        strictly = _read(data, DEFAULT_LIMITS)
        assert repr(found) == repr(strictly)


def test_sixteen_levels_are_read_and_seventeen_are_not() -> None:
    assert loads_object(b'{"a":' + b"[" * 15 + b"]" * 15 + b"}")
    with pytest.raises(ValueError, match="more than 16 levels"):
        loads_object(b'{"a":' + b"[" * 16 + b"]" * 16 + b"}")


def test_brackets_in_strings_and_side_by_side_are_not_levels() -> None:
    value = {"a": "[" * 100, 'b"\\': ['{"' * 50, "\\"], "c": [[] for _ in range(100)]}
    assert loads_object(json.dumps(value).encode()) == value


@pytest.mark.parametrize(
    "unit", [b'"', b'\\"', b'"\\', b"\\", b"[", b"{", b'["', b'{"":', b'[""', b"\\u", b"0", b"-", b'"a":']
)
def test_hostile_repetition_takes_linear_time(unit: bytes) -> None:
    for head, tail in ((b'{"', b""), (b"{", b"\\"), (b"[" * 20, b""), (b'{"' + b"[" * 20, b"\\")):
        begin = time.process_time()
        with pytest.raises(ValueError, match="is"):
            loads_object(head + unit * (16384 // len(unit)) + tail)
        assert time.process_time() - begin < 2  # linear: a millisecond; quadratic: half a minute


@pytest.mark.parametrize(
    ("within", "beyond", "limits", "rule"),
    [
        (b'{"a":1}', b'{"a":12}', Limits(size=7), Rule.SIZE),
        (b'{"a":[]}', b'{"a":[[]]}', Limits(depth=2), Rule.DEPTH),
        (b'{"a":1,"b":2}', b'{"a":1,"b":2,"c":3}', Limits(members=2), Rule.COUNT),
        (b'{"ab":{"abc":1}}', b'{"abc":1}', Limits(name_characters=2), Rule.NAME),
        (b'{"a":123}', b'{"a":1234}', Limits(number_characters=3), Rule.NUMBER),
        (b'{"a":1.2}', b'{"a":-1.2}', Limits(number_characters=3), Rule.NUMBER),
        (b'{"a":"\\u0001"}', b'{"a":"\\u0000"}', Limits(), Rule.NUL),
    ],
)
def test_each_limit_is_the_last_that_is_read(within: bytes, beyond: bytes, limits: Limits, rule: Rule) -> None:
    assert loads_object(within, limits) == json.loads(within)
    with pytest.raises(InvalidJson) as refused:
        loads_object(beyond, limits)
    assert refused.value.rule is rule


def test_u0000_is_read_where_the_caller_allows_it() -> None:
    assert loads_object(b'{"\\u0000":"\\u0000"}', Limits(allows_nul=True)) == {"\0": "\0"}
    with pytest.raises(InvalidJson, match="surrogate"):
        loads_object(b'{"a":"\\u0000\\ud800"}', Limits(allows_nul=True))


def test_a_name_that_is_given_twice_is_known_to_the_caller_and_not_quoted() -> None:
    with pytest.raises(InvalidJson) as refused:
        loads_object(b'{"a":1,"secret":1,"b":2,"\\u0073ecret":2}')
    assert (refused.value.rule, refused.value.member) == (Rule.DUPLICATE, "secret")
    assert "secret" not in str(refused.value)
