"""The scopes that a route needs, each a string, or a mapping where nobody is refused for it."""

from typing import Any, NamedTuple

from pydantic.json_schema import JsonSchemaValue

from gateway.routing.schema_types import Checked, Flag, Text
from shared.scopes import InvalidScope, parse_scope


class NeededScope(NamedTuple):
    scope: str
    report_only: bool = False
    """Whether calls that lack it are counted and not refused."""


def _scope(scope: str) -> None:
    try:
        parse_scope(scope)
    except InvalidScope as error:
        raise ValueError(error.description.removeprefix("scope ")) from None


SCOPE = Text(parse=_scope)
_MEMBERS = {"scope", "report_only"}


class NeededScopes(Checked):
    """A list of different scopes, or one by itself; a tuple of `NeededScope` in the end."""

    def check(self, value: Any) -> tuple[NeededScope, ...]:
        entries = value if isinstance(value, list) else [value]
        if not all(isinstance(entry, str | dict) and entry for entry in entries):
            raise ValueError("must be a list of strings")
        found = tuple(_needed(entry) for entry in entries)
        if len({needed.scope for needed in found}) != len(found):
            raise ValueError("names something twice")
        return found

    def json_schema(self) -> JsonSchemaValue:
        mapping = {
            "type": "object",
            "properties": {"scope": SCOPE.json_schema(), "report_only": Flag().json_schema()},
            "required": ["scope"],
            "additionalProperties": False,
        }
        one = {"anyOf": [SCOPE.json_schema(), mapping]}
        return {"anyOf": [one, {"type": "array", "items": one, "uniqueItems": True}]}


def _needed(entry: str | dict[str, Any]) -> NeededScope:
    if isinstance(entry, str):
        return NeededScope(SCOPE.check(entry))
    if unknown := sorted(str(name) for name in entry.keys() - _MEMBERS):
        raise ValueError(f"has a mapping with the unknown member {unknown[0]!r}")
    if "scope" not in entry:
        raise ValueError("has a mapping without scope")
    return NeededScope(SCOPE.check(entry["scope"]), _flag(entry.get("report_only", "false")))


def _flag(value: Any) -> bool:
    try:
        return Flag().check(value)
    except ValueError as error:
        raise ValueError(f"has a mapping whose report_only {error}") from None
