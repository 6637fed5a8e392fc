"""JSON Schema as people read it: a row for each member, its type in words, and an example of the whole."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

Schema = Mapping[str, Any]
Definitions = Mapping[str, Schema]
REFERENCE = "#/components/schemas/"
_BOUNDS = {
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minimum": "at least {}",
    "exclusiveMinimum": "more than {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "less than {}",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "maxProperties": "at most {} members",
    "pattern": "matches {}",
    "default": "default {}",
}
MAX_DEPTH = 6
"""Of an example: objects may hold others of their own kind."""
MAX_PATTERN_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class Row:
    """A member or parameter. `type` links to the objects that it names; `bounds` and `example` are text."""

    name: str
    type: Markup
    required: bool
    description: str
    bounds: str
    example: str


def rows(schema: Schema, prefix: str = "") -> list[Row]:
    """A row for each property, those of objects without a name of their own after the one that holds them."""
    found: list[Row] = []
    required = set(schema.get("required", ()))
    for name, member in schema.get("properties", {}).items():
        found.append(row(prefix + name, member, name in required))
        for inner, suffix in ((member, "."), (member.get("items", {}), "[].")):
            found += rows(inner, f"{prefix}{name}{suffix}")
    return found


def row(name: str, schema: Schema, required: bool, description: str = "") -> Row:
    example = schema["examples"][0] if schema.get("examples") else None
    return Row(
        name,
        type_in_words(schema),
        required,
        description or schema.get("description", ""),
        "; ".join(_bounds(schema)),
        "" if example is None else _compact(example),
    )


def type_in_words(schema: Schema) -> Markup:
    """With a link to `#schema-Name` for each object that has a name."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(REFERENCE)
        return Markup('<a href="#schema-{0}">{0}</a>').format(name)
    for union in ("anyOf", "oneOf"):
        if union in schema and any("type" in each or "$ref" in each for each in schema[union]):
            return Markup(" or ").join(dict.fromkeys(type_in_words(each) for each in schema[union]))
    if len(schema.get("allOf", ())) == 1:
        return type_in_words(schema["allOf"][0])
    if "const" in schema:
        return Markup("<code>{}</code>").format(_compact(schema["const"]))
    if "enum" in schema:
        return Markup(", ").join(Markup("<code>{}</code>").format(_plain(each)) for each in schema["enum"])
    kind = schema.get("type", "anything")
    if isinstance(kind, list):
        return Markup(" or ").join(Markup.escape(each) for each in kind)
    if kind == "array":
        return Markup("list of ") + type_in_words(schema.get("items", {}))
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return Markup("object of ") + type_in_words(schema["additionalProperties"])
    return Markup.escape(f"{kind}, {schema['format']}" if "format" in schema else kind)


def example_of(schema: Schema, definitions: Definitions, depth: int = 0) -> Any:
    """The schema's own example, else one that is put together from those of its members."""
    if schema.get("examples"):
        return schema["examples"][0]
    if "$ref" in schema:
        named = definitions.get(schema["$ref"].removeprefix(REFERENCE), {})
        return example_of(named, definitions, depth + 1) if depth < MAX_DEPTH else {}
    for member in ("const", "default"):
        if member in schema:
            return schema[member]
    if schema.get("enum"):
        return schema["enum"][0]
    for union in ("anyOf", "oneOf", "allOf"):
        if schema.get(union) and "properties" not in schema:
            return example_of(schema[union][0], definitions, depth)
    match schema.get("type"):
        case "array":
            return [example_of(schema["items"], definitions, depth + 1)] if "items" in schema else []
        case "object":
            members = schema.get("properties", {})
            return {name: example_of(member, definitions, depth + 1) for name, member in members.items()}
        case _:
            return None


def names_in(schema: Any) -> Iterator[str]:
    """Of the named objects that a schema refers to, itself, not by way of others."""
    if isinstance(schema, dict):
        if isinstance(named := schema.get("$ref"), str):
            yield named.removeprefix(REFERENCE)
        for name, inner in schema.items():
            if name not in ("examples", "default"):
                yield from names_in(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from names_in(inner)


def _bounds(schema: Schema) -> Iterator[str]:
    for each in (schema, *schema.get("anyOf", ())):
        for name, words in _BOUNDS.items():
            value = each.get(name)
            if value is not None and len(str(value)) <= MAX_PATTERN_CHARACTERS:
                yield words.format(_plain(value))


def _plain(value: Any) -> str:
    return value if isinstance(value, str) and value else _compact(value)


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
