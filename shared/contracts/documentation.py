"""What OpenAPI says of the members of models: a description and an example, once for all models that have it."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple


class Member(NamedTuple):
    description: str
    example: Any


Members = Mapping[str, Member]
"""By the member's name, and where a class has something else to say of it by `Class.name`."""


def member_of(members: Members, model: type, name: str) -> Member | None:
    """What is said by the nearest class that says something of its own, else by the name."""
    special = (members.get(f"{cls.__name__}.{name}") for cls in model.__mro__)
    return next((found for found in special if found is not None), None) or members.get(name)


def describe_members(members: Members, schema: dict[str, Any], model: type) -> None:
    """Add to a JSON Schema of `model` what is said of each property."""
    for name, property_ in schema.get("properties", {}).items():
        found = member_of(members, model, name)
        if found is not None:
            property_.setdefault("description", found.description)
            property_.setdefault("examples", [found.example])


def describing(members: Members) -> Callable[[dict[str, Any], type], None]:
    """For `json_schema_extra`."""

    def describe(schema: dict[str, Any], model: type) -> None:
        describe_members(members, schema, model)

    return describe
