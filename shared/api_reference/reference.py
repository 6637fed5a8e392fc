"""An OpenAPI document as people read it: groups of endpoints, each with the objects that it names."""

import json
import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from shared.api_reference.schemas import Definitions, Row, example_of, names_in, row, rows, type_in_words

INTERNAL = "internal"
"""The tag of endpoints that services alone may call."""
FORM = "application/x-www-form-urlencoded"
PROBLEM_TYPE = "application/problem+json"
PROBLEM = "Problem"
"""The object that every group shows: the body of its errors."""
_VARIABLES = {"x-api-key": "ACCESS_KEY", "x-api-token": "SESSION_TOKEN"}
"""What holds the secret of a header field in examples."""


@dataclass(frozen=True, slots=True)
class Body:
    """`type` and `members`: of an object without a name, its members are here."""

    content_type: str
    description: str
    type: Any
    members: tuple[Row, ...]
    example: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """A response. `type` is empty where it has no body."""

    status: str
    description: str
    content_type: str
    type: Any
    example: str


@dataclass(frozen=True, slots=True)
class Operation:
    """`sends`: what proves who calls. `command`: the request in curl, with secrets from the environment."""

    id: str
    method: str
    path: str
    summary: str
    description: str
    sends: str
    parameters: tuple[tuple[str, Row], ...]
    body: Body | None
    outcomes: tuple[Outcome, ...]
    command: str


@dataclass(frozen=True, slots=True)
class NamedObject:
    name: str
    description: str
    members: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Endpoints of one tag, with the objects that they name, and those that these name."""

    slug: str
    title: str
    operations: tuple[Operation, ...]
    objects: tuple[NamedObject, ...]

    @property
    def internal(self) -> bool:
        return self.slug.startswith(f"{INTERNAL}-")


@dataclass(frozen=True, slots=True)
class Reference:
    title: str
    description: str
    groups: tuple[Group, ...]

    def group(self, slug: str) -> Group | None:
        return next((group for group in self.groups if group.slug == slug), None)


def reference_of(document: Mapping[str, Any], base: str) -> Reference:
    """`base` is put before each path in examples. Groups are in the document's order."""
    by_tag: dict[str, list[tuple[str, str, Mapping[str, Any]]]] = {}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            by_tag.setdefault(_kind(operation, path), []).append((method, path, operation))
    components = document.get("components", {})
    definitions: Definitions = components.get("schemas", {})
    schemes = components.get("securitySchemes", {})
    info = document["info"]
    return Reference(
        info["title"],
        info.get("description", ""),
        tuple(
            Group(
                re.sub(r"[^a-z0-9]+", "-", tag.lower()),
                tag.replace("-", " ").capitalize().replace("Api ", "API "),
                tuple(_operation(method, path, each, definitions, schemes, base) for method, path, each in found),
                _objects((each for _, _, each in found), definitions),
            )
            for tag, found in by_tag.items()
        ),
    )


def _kind(operation: Mapping[str, Any], path: str) -> str:
    """The tag, and of what services alone may call also the word after the version: there are many."""
    tag: str = next(iter(operation.get("tags", ())), "endpoints")
    return f"{tag}-{path.split('/')[3]}" if tag == INTERNAL and path.startswith("/internal/") else tag


def _objects(operations: Iterable[Mapping[str, Any]], definitions: Definitions) -> tuple[NamedObject, ...]:
    found: dict[str, None] = {}
    waiting = [PROBLEM, *(name for operation in operations for name in names_in(operation))]
    while waiting:
        name = waiting.pop(0)
        if name not in found and name in definitions:
            found[name] = None
            waiting += names_in(definitions[name])
    return tuple(
        NamedObject(name, definitions[name].get("description", ""), tuple(rows(definitions[name])))
        for name in sorted(found)
    )


def _operation(
    method: str, path: str, operation: Mapping[str, Any], definitions: Definitions, schemes: Any, base: str
) -> Operation:
    scheme = next((schemes.get(name) for each in operation.get("security", ()) for name in each), None)
    parameters = tuple(
        (each["in"], row(each["name"], each["schema"], each.get("required", False), each.get("description", "")))
        for each in operation.get("parameters", ())
    )
    body = _body(operation.get("requestBody"), definitions)
    return Operation(
        operation["operationId"],
        method.upper(),
        path,
        operation.get("summary", ""),
        operation.get("description", ""),
        _sends(scheme),
        parameters,
        body,
        tuple(_outcome(status, each, definitions) for status, each in operation["responses"].items()),
        _command(method.upper(), base + path, parameters, scheme, body),
    )


def _body(given: Mapping[str, Any] | None, definitions: Definitions) -> Body | None:
    if given is None:
        return None
    content_type, media = next(iter(given["content"].items()))
    schema = media["schema"]
    example = example_of(schema, definitions)
    members = () if "$ref" in schema else tuple(rows(schema))
    return Body(content_type, given.get("description", ""), type_in_words(schema), members, _indented(example))


def _outcome(status: str, response: Mapping[str, Any], definitions: Definitions) -> Outcome:
    for content_type, media in response.get("content", {}).items():
        schema = media["schema"]
        example = _indented(example_of(schema, definitions)) if status < "300" else ""
        return Outcome(status, response["description"], content_type, type_in_words(schema), example)
    return Outcome(status, response["description"], "", "", "")


def _sends(scheme: Mapping[str, Any] | None) -> str:
    if scheme is None:
        return ""
    if scheme["type"] == "apiKey":
        return f"`{scheme['name']}`"
    words = f"`Authorization: {scheme['scheme'].capitalize()}`"
    return f"{words}. {scheme['description']}" if scheme.get("description") else words


def _command(
    method: str,
    url: str,
    parameters: Iterable[tuple[str, Row]],
    scheme: Mapping[str, Any] | None,
    body: Body | None,
) -> str:
    needed = [(place, each) for place, each in parameters if each.required]
    query = "&".join(f"{each.name}={_value(each)}" for place, each in needed if place == "query")
    lines = [f'curl{"" if method == "GET" else f" -X {method}"} "{url}{f"?{query}" if query else ""}"']
    lines += [f'-H "{each.name}: {_value(each)}"' for place, each in needed if place == "header"]
    if scheme is not None:
        lines.append(_credential(scheme))
    if body is not None:
        lines += _sent(body)
    return " \\\n  ".join(lines)


def _value(parameter: Row) -> str:
    return str(json.loads(parameter.example)) if parameter.example else f"<{parameter.name}>"


def _credential(scheme: Mapping[str, Any]) -> str:
    if scheme["type"] == "apiKey":
        return f'-H "{scheme["name"]}: ${_VARIABLES.get(scheme["name"], "API_TOKEN")}"'
    if scheme["scheme"] == "basic":
        return '-u "$CLIENT_KEY:$CLIENT_SECRET"'
    return (
        f'-H "Authorization: Bearer ${"SERVICE_TOKEN" if scheme.get("bearerFormat") == "JWT" else "ADMIN_TOKEN"}"'
    )


def _sent(body: Body) -> list[str]:
    example = json.loads(body.example)
    if body.content_type == FORM and isinstance(example, dict):
        return [f"--data-urlencode {shlex.quote(f'{name}={value}')}" for name, value in example.items()]
    compact = json.dumps(example, ensure_ascii=False)
    return [f"-H 'Content-Type: {body.content_type}'", f"-d {shlex.quote(compact)}"]


def _indented(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
