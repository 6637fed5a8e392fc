import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.strict_json import loads_object

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


def test_sixteen_levels_are_read_and_seventeen_are_not() -> None:
    assert loads_object(b'{"a":' + b"[" * 15 + b"]" * 15 + b"}")
    with pytest.raises(ValueError, match="deeper than 16 levels"):
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
