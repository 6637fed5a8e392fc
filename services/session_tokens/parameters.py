"""The parameters behind a token: strict JSON, kept as the text that was sent.

Nothing is re-encoded, so what comes back is what was sent: names, their order, every digit of every number.
"""

import json
import math
from codecs import BOM_UTF8
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NoReturn

from shared.errors import Invalid

MAX_BODY = 65536
"""Bytes."""
MAX_PARAMETERS = 256
MAX_NAME = 128
"""Characters of a parameter's name."""
MAX_DEPTH = 8
"""Levels; the object of all parameters is the first."""
MAX_NUMBER = 4096
"""Characters of one number: Python refuses to read integers of more than 4,300 digits."""
WHITESPACE = " \t\n\r"


class Rule(StrEnum):
    """What a body may break."""

    ENCODING = "encoding"
    JSON = "json"
    OBJECT = "object"
    DUPLICATE = "duplicate"
    NUMBER = "number"
    SURROGATE = "surrogate"
    DEPTH = "depth"
    COUNT = "count"
    NAME = "name"


class BadParameters(Invalid):
    """The body cannot be kept; `rule` is the one that it breaks."""

    code = "bad_parameters"

    def __init__(self, rule: Rule, description: str) -> None:
        super().__init__(description)
        self.rule = rule


@dataclass(frozen=True, slots=True)
class Parameters:
    """Parameters that may be kept: one JSON object, as its text."""

    text: bytes
    empty: bool
    has_auth: bool

    def with_auth(self, client_prefix: str) -> bytes:
        """The text with `auth`, the company's public id, as the last member; as it is when it holds one."""
        if self.has_auth:
            return self.text
        start = b"{" if self.empty else self.text[:-1].rstrip() + b","
        return start + b'"auth":' + json.dumps(client_prefix).encode() + b"}"


def parse(body: bytes) -> Parameters:
    """`body`, which is at most `MAX_BODY` long, without the white space around it. Raises `BadParameters`."""
    text = _decoded(body).strip(WHITESPACE)
    value = _parsed(text)
    if not isinstance(value, dict):
        raise BadParameters(Rule.OBJECT, "the body must be a JSON object")
    if len(value) > MAX_PARAMETERS:
        raise BadParameters(Rule.COUNT, f"there are more than {MAX_PARAMETERS} parameters")
    if max(map(len, value), default=0) > MAX_NAME:
        raise BadParameters(Rule.NAME, f"a parameter's name is longer than {MAX_NAME} characters")
    if text.count("{") + text.count("[") > MAX_DEPTH:
        _check_depth(value)
    if "\\u" in text:
        _check_surrogates(value)
    return Parameters(text.encode(), empty=not value, has_auth="auth" in value)


def as_query(text: bytes) -> dict[str, str]:
    """The text of parsed parameters as those of a query, in their order.

    A string is its characters; any other value its JSON text, as it was sent.
    """
    source = text.decode()
    query: dict[str, str] = {}
    at = _after_space(source, 1)
    while source[at] == '"':
        name, at = _DECODER.raw_decode(source, at)
        start = _after_space(source, _after_space(source, at) + 1)  # past the colon
        value, end = _DECODER.raw_decode(source, start)
        query[name] = value if isinstance(value, str) else source[start:end]
        at = _after_space(source, end)
        if source[at] == ",":
            at = _after_space(source, at + 1)
    return query


def _decoded(body: bytes) -> str:
    if body.startswith(BOM_UTF8):
        raise BadParameters(Rule.ENCODING, "the body begins with a byte order mark; send JSON without one")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        raise BadParameters(Rule.ENCODING, "the body is not UTF-8") from None


def _parsed(text: str) -> Any:
    try:
        return _DECODER.decode(text)
    except RecursionError:
        raise _too_deep() from None
    except json.JSONDecodeError:
        raise BadParameters(Rule.JSON, "the body is not valid JSON") from None


def _check_depth(value: dict[str, Any]) -> None:
    level: list[dict[str, Any] | list[Any]] = [value]
    for _ in range(MAX_DEPTH):
        level = [item for container in level for item in _items(container) if isinstance(item, dict | list)]
    if level:
        raise _too_deep()


def _items(container: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return container.values() if isinstance(container, dict) else container


def _too_deep() -> BadParameters:
    return BadParameters(Rule.DEPTH, f"the body is nested more than {MAX_DEPTH} levels deep")


def _check_surrogates(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise BadParameters(Rule.SURROGATE, "the body holds half of a surrogate pair") from None


def _after_space(text: str, at: int) -> int:
    while text[at] in WHITESPACE:
        at += 1
    return at


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise BadParameters(Rule.DUPLICATE, "a name is given twice in one object")
    return members


def _integer(text: str) -> int:
    _check_length(text)
    return 0  # its text is what is kept


def _real(text: str) -> float:
    _check_length(text)
    if not math.isfinite(float(text)):
        raise _not_finite()
    return 0.0


def _check_length(number: str) -> None:
    if len(number) > MAX_NUMBER:
        raise BadParameters(Rule.NUMBER, f"a number is longer than {MAX_NUMBER} characters")


def _constant(_: str) -> NoReturn:
    raise _not_finite()


def _not_finite() -> BadParameters:
    return BadParameters(Rule.NUMBER, "a number is not finite")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_members, parse_int=_integer, parse_float=_real, parse_constant=_constant
)
