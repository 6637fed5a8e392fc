"""Header fields that a route sets or removes: checked and rendered when the route file is loaded."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field as Described

from gateway.field_names import (
    FORWARDED_PREFIX,
    NOT_FOR_CLIENTS,
    OWN_PREFIX,
    WRITTEN_FOR_UPSTREAMS,
    claims_identity,
)
from gateway.http1.fields import Field
from gateway.routing.schema_types import Entry, Text, Texts

MAX_FIELDS = 32
MAX_VALUE_LENGTH = 4096
_ANY_NAME = r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*"
_VALUE = re.compile(r"[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?")


def _request_field(name: str) -> None:
    lowered = name.lower()
    if lowered in WRITTEN_FOR_UPSTREAMS or lowered.startswith((OWN_PREFIX, FORWARDED_PREFIX)):
        raise ValueError("is for the gateway alone to say")
    if claims_identity(lowered):
        raise ValueError("names the caller, which is for the gateway alone to say")


def _response_field(name: str) -> None:
    lowered = name.lower()
    if lowered in NOT_FOR_CLIENTS - {"server", "x-powered-by"} or lowered.startswith(OWN_PREFIX):
        raise ValueError("is for the gateway alone to say")
    if lowered == "date":
        raise ValueError("must be there, and be the time of the response")


def _name(parse: Callable[[str], None]) -> Text:
    return Text(_ANY_NAME, "must be letters and digits, with hyphens between", parse=parse)


RequestField, ResponseField = _name(_request_field), _name(_response_field)
_SET = "Fields that are added in the place of all others of the same name; `${NAME}` in a value is replaced."
_REMOVE = "Names of fields that are not passed on."


class RequestFields(Entry):
    """Header fields of a request that the upstream gets otherwise than they came."""

    set: Annotated[
        dict[Annotated[str, RequestField], Annotated[str, Text()]],
        Described(description=_SET, max_length=MAX_FIELDS),
    ] = {}  # noqa: RUF012 (pydantic copies it)
    remove: Annotated[tuple[str, ...], Texts(RequestField), Described(description=_REMOVE)] = ()


class ResponseFields(Entry):
    """Header fields of an upstream's response that the client gets otherwise than they came."""

    set: Annotated[
        dict[Annotated[str, ResponseField], Annotated[str, Text()]],
        Described(description=_SET, max_length=MAX_FIELDS),
    ] = {}  # noqa: RUF012 (pydantic copies it)
    remove: Annotated[tuple[str, ...], Texts(ResponseField), Described(description=_REMOVE)] = ()


@dataclass(frozen=True, slots=True)
class HeaderRules:
    set: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Names, no two of which are the same, and values, which may be secret."""
    remove: frozenset[str] = frozenset()
    names: frozenset[str] = field(init=False, repr=False, compare=False)
    """All that are set or removed, in lower case: what comes under them is not passed on."""
    fields: tuple[Field, ...] = field(init=False, repr=False, compare=False)
    lines: tuple[str, ...] = field(init=False, repr=False, compare=False)
    """Of the fields that are set, to be written."""

    def __post_init__(self) -> None:
        names = {name.lower() for name in (*self.remove, *(name for name, _ in self.set))}
        object.__setattr__(self, "names", frozenset(names))
        object.__setattr__(self, "fields", tuple(Field.of(name, value) for name, value in self.set))
        object.__setattr__(self, "lines", tuple(field.line for field in self.fields))


class BadRule(ValueError):
    """What is wrong with a field that is set; `name` is the field's. The message never holds its value."""

    def __init__(self, message: str, name: str) -> None:
        super().__init__(message)
        self.name = name


def read_rules(entry: RequestFields | ResponseFields | None, expand: Callable[[str], str]) -> HeaderRules | None:
    """None where there are none. `expand` replaces environment variables. Raises `BadRule`."""
    if entry is None or not (entry.set or entry.remove):
        return None
    seen: dict[str, str] = {}
    for name, value in entry.set.items():
        if name.lower() in seen:
            raise BadRule("is set twice", name)
        if name.lower() in {removed.lower() for removed in entry.remove}:
            raise BadRule("is set and removed", name)
        seen[name.lower()] = _value(name, value, expand)
    return HeaderRules(tuple(zip(entry.set, seen.values(), strict=True)), frozenset(entry.remove))


def _value(name: str, value: str, expand: Callable[[str], str]) -> str:
    try:
        expanded = expand(value)
    except ValueError as error:  # which names the variable
        raise BadRule(str(error), name) from None
    if len(expanded) > MAX_VALUE_LENGTH or _VALUE.fullmatch(expanded) is None:
        printable = f"must be 1 to {MAX_VALUE_LENGTH} printable ASCII characters"
        raise BadRule(f"{printable}, with no blank at its ends and no line break", name)
    return expanded
