"""Reading YAML with the line of everything at hand, so that each error names its own."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

MAX_FILE_BYTES = 1024 * 1024
MAX_DEPTH = 8
VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")
"""`${NAME}` or `${NAME:-default}`."""


class Errors:
    """What is wrong with a file, a line each: `routes.yaml:12: ...`."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._found: list[tuple[int, str]] = []

    def add(self, node: yaml.Node, message: str) -> None:
        self.add_line(node.start_mark.line + 1, message)

    def add_line(self, line: int, message: str) -> None:
        self._found.append((line, message))

    @property
    def lines(self) -> list[str]:
        return [f"{self._source}:{line}: {message}" for line, message in sorted(self._found)]


def compose(text: str, errors: Errors) -> yaml.Node | None:
    """The document's root; None, and an error, when it is no YAML, uses anchors or is nested too deeply."""
    if len(text.encode()) > MAX_FILE_BYTES:
        errors.add_line(1, f"the file is larger than {MAX_FILE_BYTES} bytes")
        return None
    try:
        try:
            refused, root = _compose(text, _FAST)
        except yaml.YAMLError:  # the slow one says it in words that people know
            refused, root = _compose(text, yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "not readable"
        line = mark.line if mark else 0
        written = "".join(text.splitlines()[line : line + 1])
        errors.add_line(line + 1, f"not YAML: {problem}{_hint(problem, written)}")
        return None
    if refused is not None:
        errors.add_line(*refused)
    elif root is None:
        errors.add_line(1, "the file is empty")
    return root


_FAST: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The one in C, where there is one: a large file is read while calls are served."""


def _compose(text: str, loader: Any) -> tuple[tuple[int, str] | None, yaml.Node | None]:
    """The root, or a line and what is wrong there. Raises `YAMLError`."""
    depth = 0
    for event in yaml.parse(text, Loader=loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent) or depth > MAX_DEPTH:
            line = event.start_mark.line + 1 if event.start_mark else 1
            too_deep = f"nested more than {MAX_DEPTH} levels deep"
            return (line, too_deep if depth > MAX_DEPTH else "anchors and aliases are not supported"), None
    return None, yaml.compose(text, Loader=loader)


def _hint(problem: str, written: str) -> str:
    """What is most often meant by a line that is no YAML."""
    if "'{'" in problem and "${" in written:
        return '; inside braces a value with ${...} needs quotes: "${NAME}"'
    if "'{'" in problem:
        return '; inside braces a path with {...} needs quotes: "/v1/{id}"'
    if ": *." in written:
        return '; a host that begins with * needs quotes: "*.example.com"'
    return ""


@dataclass(frozen=True, slots=True)
class Members:
    """A mapping, with the nodes of each key and value."""

    node: yaml.Node
    what: str
    """What the mapping is, for the errors."""
    nodes: dict[str, tuple[yaml.Node, yaml.Node]]

    def value(self, name: str) -> yaml.Node | None:
        return self.nodes[name][1] if name in self.nodes else None


def members(node: yaml.Node, what: str, errors: Errors) -> Members | None:
    """The members of a mapping; None, and an error, when it is none. A member that is given twice is an error."""
    if not isinstance(node, yaml.MappingNode):
        errors.add(node, f"{what} must be a mapping")
        return None
    found: dict[str, tuple[yaml.Node, yaml.Node]] = {}
    for key, value in node.value:
        name = key.value if isinstance(key, yaml.ScalarNode) else ""
        if name in found:
            errors.add(key, f"{what}: {name} is given twice")
        found[name] = (key, value)
    return Members(node, what, found)


def innermost(node: yaml.Node, path: Sequence[str | int]) -> yaml.Node:
    """The node at `path`, of names and positions in lists; where a step leads nowhere, the last that is there."""
    for step in path:
        if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
        elif isinstance(node, yaml.MappingNode):
            found = [value for key, value in node.value if key.value == step]
            if not found:
                break
            node = found[0]
        else:
            break
    return node


def check_repeated(node: yaml.Node, what: str, errors: Errors) -> None:
    """Report each member that is given twice in a mapping inside `node`."""
    if isinstance(node, yaml.MappingNode):
        group = members(node, what, errors)
        for _, value in group.nodes.values() if group else ():
            check_repeated(value, what, errors)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            check_repeated(value, what, errors)


def plain(node: yaml.Node) -> Any:
    """The node as strings, lists and dicts: a scalar is what was written, whatever YAML would take it for."""
    if isinstance(node, yaml.SequenceNode):
        return [plain(entry) for entry in node.value]
    if isinstance(node, yaml.MappingNode):
        return {str(key.value): plain(value) for key, value in node.value}
    return str(node.value)


def expand(text: str, environment: Mapping[str, str]) -> str:
    """`text` with `${NAME}` and `${NAME:-default}` replaced. Raises `ValueError` naming what is not set."""

    def value(match: re.Match[str]) -> str:
        found = environment.get(match[1]) or match[2]
        if found is None:
            raise ValueError(f"needs the environment variable {match[1]}, which is not set")
        return found

    return VARIABLE.sub(value, text)
