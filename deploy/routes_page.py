"""deploy/routes.schema.json, and the tables of members in docs/routes.md: both from the model of the route file."""

import importlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from deploy.local.stack import ROOT

PAGE = ROOT / "docs" / "routes.md"
SCHEMA = ROOT / "deploy" / "routes.schema.json"
BEGIN = "<!-- Written by `make docs` from the schema, down to the end of the page. Change that, not this. -->\n"


def schema() -> dict[str, Any]:
    """What deploys imports no deployable: the gateway's module is read by its name, as its settings are."""
    found: dict[str, Any] = importlib.import_module("gateway.routing.route_schema").json_schema()
    return found


def schema_text() -> str:
    return json.dumps(schema(), indent=2) + "\n"


def page(text: str) -> str:
    """`text`, the page, with the tables of now."""
    written, begin, _ = text.partition(BEGIN)
    if not begin:
        raise ValueError(f"{PAGE} does not say where the tables begin")
    return written + BEGIN + "\n" + "\n".join(_sections(schema()))


def _sections(file: Mapping[str, Any]) -> Iterator[str]:
    for title, model in {"The file": file, **file.get("$defs", {})}.items():
        yield f"### {title.removesuffix('Entry')}\n\n{model.get('description', '')}\n"
        yield "| member | value | default | meaning |\n| --- | --- | --- | --- |"
        required = model.get("required", ())
        for name, member in model["properties"].items():
            default = "required" if name in required else _shown(member.get("default"))
            yield f"| `{name}` | {_kind(member)} | {default} | {_cell(member.get('description', ''))} |"
        yield ""


def _kind(member: Mapping[str, Any]) -> str:
    """What a member may be, in a few words."""
    if "enum" in member:
        return ", ".join(f"`{choice}`" for choice in member["enum"])
    if "$ref" in member:
        name = str(member["$ref"]).rpartition("/")[2].removesuffix("Entry")
        return f"[{name}](#{name.lower()})"
    if "anyOf" in member:
        kinds = [_kind(choice) for choice in member["anyOf"] if choice.get("type") != "null"]
        return "one or a list" if kinds[1:] and kinds[1] == f"list of {kinds[0]}" else " or ".join(kinds)
    kind: str = member.get("type", "")
    if kind == "array":
        return f"list of {_kind(member['items'])}"
    if kind in ("number", "integer"):
        low, high = (_number(member[end]) for end in ("minimum", "maximum"))
        return f"{'whole number, ' if kind == 'integer' else ''}{low} to {high}"
    if kind == "object" and isinstance(member.get("additionalProperties"), dict):
        return f"mapping of {_kind(member['additionalProperties'])}"
    names: dict[str, str] = {"boolean": "`true`, `false`", "object": "mapping", "string": "text"}
    return names.get(kind, kind)


def _number(number: float) -> str:
    return str(int(number)) if float(number).is_integer() else f"{number:g}"


def _shown(default: object) -> str:
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return f"`{_number(default)}`" if isinstance(default, int | float) else f"`{default}`" if default else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def outputs() -> Mapping[Path, str]:
    return {SCHEMA: schema_text(), PAGE: page(PAGE.read_text(encoding="utf-8"))}
