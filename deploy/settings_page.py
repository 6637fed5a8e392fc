"""`python -m deploy.settings_page`: writes what is generated, of docs/, deploy/ and shared/settings/names.py.

The settings are read from the deployables' own classes, by name: what deploys imports no deployable.
"""

import ast
import importlib
import inspect
import re
import sys
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

from deploy import metrics_page, routes_page
from deploy.local.leftovers import MARK
from deploy.local.stack import DEPLOYABLES, ROOT, STORE_PORTS, port_variables
from shared.settings.names import PREFIX

PAGE = ROOT / "docs" / "configuration.md"
NAMES = ROOT / "shared" / "settings" / "names.py"
UNITS = ("seconds", "days", "months", "bits", "connections")

COMPOSE = {
    "PASSGATE_VERSION": ("dev", "tag of the images"),
    "PASSGATE_COMPILED": (
        "",
        "1: the next build compiles what the gateway runs for each call",
    ),
    "PASSGATE_ADMIN_URL": ("http://127.0.0.1:<registry's port>", "where people reach the admin API, as printed"),
}
"""Read by docker-compose.yml alone: default and meaning."""
INTERNAL = {
    "PASSGATE_HEALTH_PORT": "in an image: the port that its health check calls",
    "PASSGATE_PUBLISHED_PORT": "in an image: the published port from which `PASSGATE_ISSUER` is derived",
    "PASSGATE_PUBLISHED_ADMIN_PORT": "in an image: the published port from which `PASSGATE_ADMIN_URL` is derived",
    "PASSGATE_TEST_COMPOSE": "1 makes the tests run the containers as well",
    MARK: "by which `make down` finds the processes of `make up`",
}
"""Set by the project's own files, not by people."""
HEAD = """\
# Configuration

<!-- Written by `make docs` from the settings' own classes. Change those, not this page. -->

Every setting is an environment variable. A value that cannot be used ends the process with status 2 and one line
that names the variable. A variable that begins with `PASSGATE_` and that nothing reads is logged once by each
process that gets it (`setting.unknown`, with the nearest name, never a value); one of your own that the route file
uses (`${PASSGATE_HELLO_URL}`) is no mistake. Lists are written with commas.

Under `make up` and in Compose the addresses, the ports inside, the files of secrets and the stores' URLs are set
for you; every other variable is passed on to the processes that read it.
"""


@dataclass(frozen=True)
class Setting:
    """One variable, as one of the classes declares it."""

    name: str
    kind: str
    default: str
    meaning: str

    @property
    def unit(self) -> str:
        first = self.meaning.partition(" ")[0].lower()
        return first if first in UNITS else ""


def settings_of(module: str) -> dict[str, Setting]:
    """The settings of a deployable by variable; `module` is its package."""
    settings: type[BaseSettings] = importlib.import_module(f"{module}.config").Settings
    found, meanings = {}, attribute_docstrings(settings)
    for field, info in settings.model_fields.items():
        name = f"{PREFIX}{field.upper()}"
        meaning = " ".join((info.description or meanings.get(field, "")).split()).rstrip(".")
        default = "required" if info.default is PydanticUndefined else shown(info.default)
        found[name] = Setting(name, kind(info.annotation), default, meaning)
    return found


def attribute_docstrings(settings: type[BaseSettings]) -> dict[str, str]:
    """What stands below each field. Pydantic would read it as well, but in every process that starts."""
    found: dict[str, str] = {}
    for declared in reversed(settings.__mro__):
        if declared is BaseSettings or not issubclass(declared, BaseSettings):
            continue
        (definition,) = ast.parse(textwrap.dedent(inspect.getsource(declared))).body
        assert isinstance(definition, ast.ClassDef)
        for field, below in pairwise(definition.body):
            match field, below:
                case (
                    ast.AnnAssign(target=ast.Name(name)),
                    ast.Expr(value=ast.Constant(value=str(text))),
                ):
                    found[name] = text
    return found


def shown(value: object) -> str:
    """A default as one would write it in the environment."""
    if value is None or value == ():
        return ""
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def kind(annotation: Any) -> str:
    """The type of a setting in a word or two."""
    origin = get_origin(annotation)
    if origin is Literal:
        return ", ".join(map(str, get_args(annotation)))
    if origin is Annotated:
        return kind(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return " or ".join(kind(part) for part in get_args(annotation) if part is not type(None))
    if origin is tuple:
        return "list"
    return {str: "text", int: "integer", float: "number", bool: "true, false", Path: "file"}.get(annotation, "text")


def page() -> str:
    """The text of docs/configuration.md."""
    by_deployable = {d.name: settings_of(d.module) for d in DEPLOYABLES}
    readers: dict[Setting, list[str]] = {}
    for deployable, settings in by_deployable.items():
        for setting in settings.values():
            readers.setdefault(setting, []).append(deployable)
    groups: dict[str, list[Setting]] = {}
    for setting, names in readers.items():
        groups.setdefault(_title(names), []).append(setting)
    parts = [HEAD]
    for title in sorted(groups, key=lambda title: (title != "Every process", title.count(",") == 0, title)):
        parts.append(f"\n## {title}\n\n{_table(groups[title])}")
    rows = [(name, str(port), _port_meaning(name)) for name, port in port_variables().items()]
    rows.append(("PASSGATE_VAR", "var", "directory of the data, secrets and logs of `make up`"))
    parts.append("\n## The stack of `make up`\n\n" + _plain_table(rows))
    compose = [(name, default, meaning) for name, (default, meaning) in COMPOSE.items()]
    parts.append(
        "\n## Compose\n\nBesides the published ports `PASSGATE_GATEWAY_PORT`, `PASSGATE_GATEWAY_OPS_PORT` and "
        "`PASSGATE_KEY_REGISTRY_PORT`:\n\n" + _plain_table(compose)
    )
    internal = [(name, "", meaning) for name, meaning in INTERNAL.items()]
    parts.append("\n## Internal\n\n" + _plain_table(internal))
    return "".join(parts)


def setting_names() -> frozenset[str]:
    """Every variable that anything of the project reads."""
    names = {name for d in DEPLOYABLES for name in settings_of(d.module)}
    return frozenset({*names, *port_variables(), "PASSGATE_VAR", "PASSGATE_GATEWAY_URL", *COMPOSE, *INTERNAL})


def names_module(text: str) -> str:
    """The text of shared/settings/names.py with the names of now."""
    listed = "".join(f'        "{name}",\n' for name in sorted(setting_names()))
    return re.sub(
        r"(frozenset\(\n    \{\n).*?(    \}\n\))", lambda m: m[1] + listed + m[2], text, count=1, flags=re.S
    )


def _title(readers: list[str]) -> str:
    return "Every process" if len(readers) == len(DEPLOYABLES) else ", ".join(sorted(readers))


def _table(settings: Iterable[Setting]) -> str:
    lines = ["| variable | type | unit | default | meaning |", "| --- | --- | --- | --- | --- |"]
    lines += [
        f"| `{s.name}` | {s.kind} | {s.unit} | {_code(s.default)} | {s.meaning} |"
        for s in sorted(settings, key=lambda s: s.name)
    ]
    return "\n".join(lines) + "\n"


def _plain_table(rows: Iterable[tuple[str, str, str]]) -> str:
    lines = ["| variable | default | meaning |", "| --- | --- | --- |"]
    lines += [f"| `{name}` | {_code(default)} | {meaning} |" for name, default, meaning in rows]
    return "\n".join(lines) + "\n"


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _port_meaning(variable: str) -> str:
    name = variable.removeprefix(PREFIX).removesuffix("_PORT").lower()
    if name in STORE_PORTS:
        return f"port of the embedded {name}"
    return "port of the gateway's health, metrics and documentation" if name == "gateway_ops" else f"port of {name}"


def outputs() -> Mapping[Path, str]:
    """What each generated file should hold now."""
    return {
        PAGE: page(),
        NAMES: names_module(NAMES.read_text(encoding="utf-8")),
        metrics_page.PAGE: metrics_page.page(),
        **routes_page.outputs(),
    }


def main() -> int:
    for path, text in outputs().items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
