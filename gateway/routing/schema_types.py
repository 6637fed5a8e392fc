"""The types of a route file's members: YAML scalars as they were written, checked, with a message that says how.

Each class is metadata for `Annotated`: it checks a member and describes it in the JSON Schema.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema


class Entry(BaseModel):
    """A mapping in a route file, with these members and no others."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Checked(ABC):
    """A member whose value goes through `check`, which raises `ValueError` with the message."""

    @abstractmethod
    def check(self, value: Any) -> Any: ...

    @abstractmethod
    def json_schema(self) -> JsonSchemaValue: ...

    def __get_pydantic_core_schema__(self, _: Any, __: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.check)

    def __get_pydantic_json_schema__(self, _: CoreSchema, __: GetJsonSchemaHandler) -> JsonSchemaValue:
        return self.json_schema()


@dataclass(frozen=True)
class Text(Checked):
    """One string that `pattern` matches as a whole, and that `parse` takes, when there is one."""

    pattern: str = ".+"
    message: str = "must be a string"
    parse: Callable[[str], object] | None = None
    """Raises `ValueError` for what cannot be."""

    def check(self, value: Any) -> Any:
        if not isinstance(value, str):
            raise ValueError("must be a string")
        if not value:
            raise ValueError("must not be empty")
        if re.fullmatch(self.pattern, value, re.DOTALL) is None:
            raise ValueError(self.message)
        if self.parse is not None:
            self.parse(value)
        return value

    def json_schema(self) -> JsonSchemaValue:
        return {"type": "string", "pattern": f"^(?:{self.pattern})$"}


@dataclass(frozen=True)
class Texts(Checked):
    """A list of different strings, or one by itself; a tuple in the end."""

    item: Text = field(default_factory=Text)
    may_be_empty: bool = False

    def check(self, value: Any) -> tuple[str, ...]:
        entries = value if isinstance(value, list) else [value]
        if not (entries or self.may_be_empty) or not all(isinstance(entry, str) and entry for entry in entries):
            raise ValueError("must be a list of strings")
        if len(set(entries)) != len(entries):
            raise ValueError("names something twice")
        return tuple(self.item.check(entry) for entry in entries)

    def json_schema(self) -> JsonSchemaValue:
        one = self.item.json_schema()
        many = {"type": "array", "items": one, "uniqueItems": True, "minItems": 0 if self.may_be_empty else 1}
        return {"anyOf": [one, many]}


@dataclass(frozen=True)
class Number(Checked):
    """A number from `low` to `high`."""

    low: float
    high: float
    whole: bool = False

    def check(self, value: Any) -> float:
        try:
            number = float(value) if isinstance(value, str) else self.low - 1
        except ValueError:
            number = self.low - 1
        if not self.low <= number <= self.high or (self.whole and not number.is_integer()):
            kind = "whole number" if self.whole else "number"
            raise ValueError(f"must be a {kind} from {_shown(self.low)} to {_shown(self.high)}")
        return int(number) if self.whole else number

    def json_schema(self) -> JsonSchemaValue:
        return {"type": "integer" if self.whole else "number", "minimum": self.low, "maximum": self.high}


class Flag(Checked):
    def check(self, value: Any) -> bool:
        if value not in ("true", "false"):
            raise ValueError("must be true or false")
        return bool(value == "true")

    def json_schema(self) -> JsonSchemaValue:
        return {"type": "boolean"}


@dataclass(frozen=True)
class Choice(Checked):
    choices: tuple[str, ...]

    def check(self, value: Any) -> str:
        if value not in self.choices:
            raise ValueError(f"must be one of {', '.join(self.choices)}")
        return str(value)

    def json_schema(self) -> JsonSchemaValue:
        return {"type": "string", "enum": list(self.choices)}


@dataclass(frozen=True)
class Choices(Checked):
    """One of `choices`, or a list of several, in an order that matters; a tuple in the end.

    `alone` is one of them that cannot be combined with another.
    """

    choices: tuple[str, ...]
    alone: str

    def check(self, value: Any) -> tuple[str, ...]:
        entries = value if isinstance(value, list) else [value]
        if not entries or not all(entry in self.choices for entry in entries):
            raise ValueError(f"must be one of {', '.join(self.choices)}, or a list of them")
        if len(set(entries)) != len(entries):
            raise ValueError("names something twice")
        if isinstance(value, list) and self.alone in entries:
            raise ValueError(f"cannot combine {self.alone} with another")
        return tuple(map(str, entries))

    def json_schema(self) -> JsonSchemaValue:
        combined = [choice for choice in self.choices if choice != self.alone]
        many = {"type": "array", "items": {"enum": combined}, "uniqueItems": True, "minItems": 1}
        return {"anyOf": [{"type": "string", "enum": list(self.choices)}, many]}


def _shown(number: float) -> str:
    return str(int(number)) if float(number).is_integer() else f"{number:g}"
