"""JSON that every reader reads alike (RFC 8259, I-JSON of RFC 7493), within limits that its caller states."""

import json
import math
import re
from codecs import BOM_UTF8
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, NoReturn

import orjson

# Also takes a string that is never closed, so that no input is scanned more than once.
_STRING = re.compile(r'"(?:[^"\\]|\\.?)*+"?', re.DOTALL)

_SHORTEST_NUMBER_CHARACTERS = 25
"""No integer of 64 bits and no float is longer when it is written as shortly as can be."""


class Rule(StrEnum):
    """What a document may break."""

    SIZE = "size"
    BYTE_ORDER_MARK = "byte_order_mark"
    ENCODING = "encoding"
    DEPTH = "depth"
    JSON = "json"
    OBJECT = "object"
    DUPLICATE = "duplicate"
    NUMBER = "number"
    NOT_FINITE = "not_finite"
    SURROGATE = "surrogate"
    NUL = "nul"
    COUNT = "count"
    NAME = "name"


class InvalidJson(ValueError):
    """A document that is refused; its text says what is wrong and quotes nothing."""

    def __init__(self, rule: Rule, description: str, *, member: str = "") -> None:
        super().__init__(description)
        self.rule = rule
        self.member = member
        """The name that is given twice, as it was sent: only for whoever sent it."""


@dataclass(frozen=True, slots=True)
class Limits:
    size: int | None = None
    """Bytes; None where whoever read the document has bounded it."""
    depth: int = 16
    """Levels; the object itself is the first."""
    members: int | None = None
    """Of the object itself."""
    name_characters: int | None = None
    """Of the names of its own members."""
    number_characters: int = 32
    allows_nul: bool = False
    """Whether U+0000 may be in a string: PostgreSQL cannot store it."""


DEFAULT_LIMITS = Limits()


def loads_object(data: bytes, limits: Limits = DEFAULT_LIMITS) -> dict[str, Any]:
    """The JSON object in `data`. Raises `InvalidJson`.

    Refused on top of what is not JSON and of what exceeds `limits`: encodings other than UTF-8, a byte order mark,
    a member named twice, NaN and infinities (also by overflow), and surrogates without their other half.
    """
    if limits.size is not None and len(data) > limits.size:
        raise InvalidJson(Rule.SIZE, f"is larger than {limits.size} bytes")
    value = _shortest(data, limits)
    if value is None:
        value = _read(data, limits)
    if limits.members is not None and len(value) > limits.members:
        raise InvalidJson(Rule.COUNT, f"holds more than {limits.members} members")
    if limits.name_characters is not None and max(map(len, value), default=0) > limits.name_characters:
        raise InvalidJson(Rule.NAME, f"holds a name of more than {limits.name_characters} characters")
    return value


def _shortest(data: bytes, limits: Limits) -> dict[str, Any] | None:
    """As `_read`, in a fraction of the time, for an object in its shortest spelling; None for any other.

    Writing what was read gives the same bytes only where every member is there once and every number is finite and
    was read exactly. Programs that write no blanks write so: our own issuer is one of them.
    """
    few = data.count(b"[") + data.count(b"{") <= limits.depth
    if not few or b"\\u" in data or limits.number_characters < _SHORTEST_NUMBER_CHARACTERS:
        return None
    try:
        value = orjson.loads(data)
        return value if isinstance(value, dict) and orjson.dumps(value) == data else None
    except (ValueError, TypeError):
        return None


def _read(data: bytes, limits: Limits) -> dict[str, Any]:
    if data.startswith(BOM_UTF8):
        raise InvalidJson(Rule.BYTE_ORDER_MARK, "begins with a byte order mark; send JSON without one")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidJson(Rule.ENCODING, "is not UTF-8") from None
    _check_depth(text, limits.depth)
    try:
        value = _decoder(limits.number_characters).decode(text)
    except json.JSONDecodeError:
        raise InvalidJson(Rule.JSON, "is not valid JSON") from None
    if not isinstance(value, dict):
        raise InvalidJson(Rule.OBJECT, "must be a JSON object")
    if "\\u" in text:
        _check_characters(value, allows_nul=limits.allows_nul)
    return value


def _check_depth(text: str, limit: int) -> None:
    # Before parsing: the parser recurses, and would raise RecursionError.
    if text.count("[") + text.count("{") <= limit:
        return
    depth = 0
    for character in _STRING.sub("", text):
        if character in "[{":
            depth += 1
            if depth > limit:
                raise InvalidJson(Rule.DEPTH, f"is nested more than {limit} levels deep")
        elif character in "]}":
            depth -= 1


def _check_characters(value: Any, *, allows_nul: bool) -> None:
    left = [value]
    while left:
        item = left.pop()
        if isinstance(item, dict):
            left.extend(item)
            left.extend(item.values())
        elif isinstance(item, list):
            left.extend(item)
        elif isinstance(item, str):
            if "\0" in item and not allows_nul:
                raise InvalidJson(Rule.NUL, "holds U+0000")
            if any("\ud800" <= character <= "\udfff" for character in item):
                raise InvalidJson(Rule.SURROGATE, "holds half of a surrogate pair")


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        counts = Counter(name for name, _ in pairs)
        [(repeated, _)] = counts.most_common(1)
        raise InvalidJson(Rule.DUPLICATE, "names a member twice", member=repeated)
    return members


@lru_cache(maxsize=16)
def _decoder(number_characters: int) -> json.JSONDecoder:
    def check(number: str) -> None:
        if len(number) > number_characters:
            raise InvalidJson(Rule.NUMBER, f"holds a number of more than {number_characters} characters")

    def integer(text: str) -> int:
        check(text)
        return int(text)

    def real(text: str) -> float:
        check(text)
        value = float(text)
        return value if math.isfinite(value) else _not_finite(text)

    return json.JSONDecoder(
        object_pairs_hook=_members, parse_int=integer, parse_float=real, parse_constant=_not_finite
    )


def _not_finite(_: str) -> NoReturn:
    raise InvalidJson(Rule.NOT_FINITE, "holds a number that is not finite")
