"""Reads a validation request from a query or a JSON object: strictly, with errors that name the parameter."""

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote_to_bytes

from services.operator_validator.validation import ValidationRequest
from shared.errors import FieldError, Invalid
from shared.strict_json import InvalidJson, Limits, loads_object

TOKEN = "token"
CLIENT_PREFIX = "clientPrefix"
APPLICATION_PREFIX = "applicationPrefix"
MAX_CHARACTERS = {TOKEN: 256, CLIENT_PREFIX: 64, APPLICATION_PREFIX: 64}
"""Characters, decoded."""
MAX_MEMBERS = 100

NAMES = {
    "token": TOKEN,
    "clientprefix": CLIENT_PREFIX,
    "client_prefix": CLIENT_PREFIX,
    "applicationprefix": APPLICATION_PREFIX,
    "application_prefix": APPLICATION_PREFIX,
    "applicaiontprefix": APPLICATION_PREFIX,
}
"""The parameter that each name, in lower case, stands for. The last is the spelling of the protocol's document."""

_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


class InvalidParameter(Invalid):
    """A parameter is missing, repeated, too long or not readable."""

    def __init__(self, parameter: str, problem: str) -> None:
        super().__init__(f"{parameter} {problem}", errors=[FieldError(parameter, problem)])


def from_query(query: str, header_token: str | None = None) -> ValidationRequest:
    """The request in a raw query string. The token may also, or only, come in the header.

    Names match without regard to case; parameters of other names are ignored. Raises `InvalidParameter`.
    """
    if query.count("&") >= MAX_MEMBERS:
        raise Invalid(f"there are more than {MAX_MEMBERS} parameters")
    return _request(_pairs(query), header_token)


def from_json(body: bytes) -> ValidationRequest:
    """The request in a JSON object, under the same names or in snake_case. Raises `Invalid`."""
    try:
        members = loads_object(body, Limits(members=MAX_MEMBERS, allows_nul=True))
    except InvalidJson as error:
        repeated = NAMES.get(_spelled(error.member))
        if repeated is not None:
            raise InvalidParameter(repeated, "is repeated") from None
        raise Invalid(f"the body {error}") from None
    return _request((spelled, value) for name, value in members.items() if (spelled := _spelled(name)) in NAMES)


def _pairs(query: str) -> Iterable[tuple[str, str]]:
    """The parameters by their names in lower case."""
    for part in query.split("&"):
        raw_name, _, raw_value = part.partition("=")
        name = _unquote(raw_name)
        if name is None or (spelled := _spelled(name)) not in NAMES:
            continue
        value = _unquote(raw_value)
        if value is None:
            raise InvalidParameter(NAMES[spelled], "is not percent-encoded UTF-8")
        yield spelled, value


def _unquote(raw: str) -> str | None:
    """None when `raw` is not percent-encoded UTF-8."""
    try:
        if "%" not in raw and "+" not in raw:
            if not raw.isascii():
                raw.encode("utf-8")
            return raw
        if _BROKEN_ESCAPE.search(raw):
            return None
        return unquote_to_bytes(raw.replace("+", " ")).decode("utf-8")
    except UnicodeError:
        return None


def _request(pairs: Iterable[tuple[str, Any]], header_token: str | None = None) -> ValidationRequest:
    """From the parameters by their names in lower case."""
    given: dict[str, str] = {}
    names: set[str] = set()
    for spelled, value in pairs:
        parameter = NAMES[spelled]
        if spelled in names:
            raise InvalidParameter(parameter, "is repeated")
        names.add(spelled)
        _add(given, parameter, value)
    if header_token is not None:
        _add(given, TOKEN, header_token)
    for parameter in MAX_CHARACTERS:
        if parameter not in given:
            raise InvalidParameter(parameter, "is missing")
    return ValidationRequest(given[TOKEN], given[CLIENT_PREFIX], given[APPLICATION_PREFIX])


def _spelled(name: str) -> str:
    """`name` in lower case, "" where it has a letter that only becomes one of ASCII by that."""
    return name.lower() if name.isascii() else ""


def _add(given: dict[str, str], parameter: str, value: Any) -> None:
    if not isinstance(value, str):
        raise InvalidParameter(parameter, "must be a string")
    if len(value) > MAX_CHARACTERS[parameter]:
        raise InvalidParameter(parameter, f"is longer than {MAX_CHARACTERS[parameter]} characters")
    if given.setdefault(parameter, value) != value:
        raise InvalidParameter(parameter, "is repeated with different values")
