"""JSON that every reader reads alike (RFC 8259, I-JSON of RFC 7493, and bounds of our own)."""

import json
import math
import re
from typing import Any, NoReturn

MAX_DEPTH = 16
MAX_NUMBER_CHARACTERS = 32

# Also takes a string that is never closed, so that no input is scanned more than once.
_STRING = re.compile(r'"(?:[^"\\]|\\.?)*+"?', re.DOTALL)


def loads_object(data: bytes) -> dict[str, Any]:
    """The JSON object in `data`. Raises ValueError, saying what is wrong and quoting nothing, for anything else.

    Refused on top of what is not JSON: encodings other than UTF-8, a byte order mark, a member
    named twice, NaN and infinities (also by overflow), numbers over 32 characters, more than 16
    levels, surrogates without their other half, and U+0000, which PostgreSQL cannot store.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8") from None
    _check_depth(text)
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError:
        raise ValueError("is not JSON") from None
    if not isinstance(value, dict):
        raise ValueError("is not a JSON object")
    if "\\u" in text:
        _check_characters(value)
    return value


def _check_depth(text: str) -> None:
    # Before parsing: the parser recurses, and would raise RecursionError.
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    depth = 0
    for character in _STRING.sub("", text):
        if character in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise ValueError(f"is nested deeper than {MAX_DEPTH} levels")
        elif character in "]}":
            depth -= 1


def _check_characters(value: Any) -> None:
    left = [value]
    while left:
        item = left.pop()
        if isinstance(item, dict):
            left.extend(item)
            left.extend(item.values())
        elif isinstance(item, list):
            left.extend(item)
        elif isinstance(item, str):
            if "\0" in item:
                raise ValueError("holds U+0000")
            if any("\ud800" <= character <= "\udfff" for character in item):
                raise ValueError("holds half of a surrogate pair")


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("names a member twice")
    return members


def _integer(text: str) -> int:
    if len(text) > MAX_NUMBER_CHARACTERS:
        raise ValueError(f"holds a number of more than {MAX_NUMBER_CHARACTERS} characters")
    return int(text)


def _real(text: str) -> float:
    if len(text) > MAX_NUMBER_CHARACTERS:
        raise ValueError(f"holds a number of more than {MAX_NUMBER_CHARACTERS} characters")
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("holds a number that is not finite")
    return value


def _constant(_: str) -> NoReturn:
    raise ValueError("holds a number that is not finite")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_members, parse_int=_integer, parse_float=_real, parse_constant=_constant
)
