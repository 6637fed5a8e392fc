"""The parameters behind a token: strict JSON, kept as the text that was sent.

Nothing is re-encoded, so what comes back is what was sent: names, their order, every digit of every number.
"""

import json
from dataclasses import dataclass
from typing import Any

import orjson

from shared.errors import Invalid
from shared.strict_json import InvalidJson, Limits, Rule, loads_object

MAX_BODY_BYTES = 65536
MAX_PARAMETERS = 256
MAX_NAME_CHARACTERS = 128
"""Characters of a parameter's name."""
MAX_DEPTH = 8
"""Levels; the object of all parameters is the first."""
MAX_NUMBER_CHARACTERS = 4096
"""Characters of one number: Python refuses to read integers of more than 4,300 digits."""
WHITESPACE = " \t\n\r"
_DECODER = json.JSONDecoder()
"""For text that was parsed before."""
LIMITS = Limits(
    size=MAX_BODY_BYTES,
    depth=MAX_DEPTH,
    members=MAX_PARAMETERS,
    name_characters=MAX_NAME_CHARACTERS,
    number_characters=MAX_NUMBER_CHARACTERS,
    allows_nul=True,
)
_DESCRIPTIONS = {
    Rule.COUNT: f"there are more than {MAX_PARAMETERS} parameters",
    Rule.NAME: f"a parameter's name is longer than {MAX_NAME_CHARACTERS} characters",
    Rule.DUPLICATE: "a name is given twice in one object",
    Rule.NUMBER: f"a number is longer than {MAX_NUMBER_CHARACTERS} characters",
    Rule.NOT_FINITE: "a number is not finite",
}
"""Of the other rules: "the body ", and what is wrong with it."""


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
    user_id: str | None = None
    """The `userId` that they hold, as JSON; None where they hold none."""

    def with_auth(self, client_prefix: str) -> bytes:
        """The text with `auth`, the company's public id, as the last member; as it is when it holds one."""
        if self.has_auth:
            return self.text
        start = b"{" if self.empty else self.text[:-1].rstrip() + b","
        return start + b'"auth":' + json.dumps(client_prefix).encode() + b"}"


def parse(body: bytes) -> Parameters:
    """`body`, which is at most `MAX_BODY_BYTES` long, without the white space around it. Raises `BadParameters`."""
    try:
        value = loads_object(body, LIMITS)
    except InvalidJson as error:
        raise BadParameters(error.rule, _DESCRIPTIONS.get(error.rule, f"the body {error}")) from None
    user_id = json.dumps(value["userId"]) if "userId" in value else None
    return Parameters(body.strip(WHITESPACE.encode()), empty=not value, has_auth="auth" in value, user_id=user_id)


def as_query(text: bytes) -> dict[str, str]:
    """The text of parsed parameters as those of a query, in their order.

    A string is its characters; any other value its JSON text, as it was sent.
    """
    try:
        members: dict[str, Any] = orjson.loads(text)
    except orjson.JSONDecodeError:  # of what it is stricter about
        return _as_sent(text.decode())
    return members if all(isinstance(value, str) for value in members.values()) else _as_sent(text.decode())


def _as_sent(source: str) -> dict[str, str]:
    """The same, where a value may be no string: nothing but the text itself has every digit of it."""
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


def _after_space(text: str, at: int) -> int:
    while text[at] in WHITESPACE:
        at += 1
    return at
