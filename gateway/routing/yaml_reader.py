"""Reading YAML with the line of everything at hand, so that each error names its own."""

import difflib
import re
from collections.abc import Mapping
from typing import TypeVar

import yaml

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 8
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")

T = TypeVar("T")


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
    if len(text) > MAX_BYTES:
        errors.add_line(1, f"the file is larger than {MAX_BYTES} bytes")
        return None
    try:
        depth = 0
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if isinstance(event, yaml.AliasEvent) or depth > MAX_DEPTH:
                line = event.start_mark.line + 1 if event.start_mark else 1
                refused = "anchors and aliases are not supported" if depth <= MAX_DEPTH else "nested too deeply"
                errors.add_line(line, refused)
                return None
        root: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "not readable"
        errors.add_line(mark.line + 1 if mark else 1, f"not YAML: {problem}")
        return None
    if root is None:
        errors.add_line(1, "the file is empty")
    return root


class Section:
    """A mapping. Each member is taken once; `close` reports those that nobody took."""

    def __init__(self, node: yaml.Node, what: str, errors: Errors) -> None:
        self.node = node
        self._what = what
        self._errors = errors
        self._members: dict[str, tuple[yaml.Node, yaml.Node]] = {}
        self._known: list[str] = []
        if not isinstance(node, yaml.MappingNode):
            errors.add(node, f"{what} must be a mapping")
            return
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else ""
            if name in self._members:
                errors.add(key, f"{what}: {name} is given twice")
            self._members[name] = (key, value)

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def fail(self, name: str, message: str) -> None:
        """Report what is wrong with a member, at its line."""
        node = self._members[name][1] if name in self._members else self.node
        self._errors.add(node, f"{self._what}: {name} {message}")

    def take(self, name: str, *, required: bool = False) -> yaml.Node | None:
        self._known.append(name)
        if name in self._members:
            return self._members[name][1]
        if required:
            self._errors.add(self.node, f"{self._what}: {name} is missing")
        return None

    def close(self) -> None:
        for name, (key, _) in self._members.items():
            if name not in self._known:
                near = difflib.get_close_matches(name, self._known, n=1)
                hint = f"; did you mean {near[0]}?" if near else ""
                self._errors.add(key, f"{self._what}: unknown member {name!r}{hint}")

    def text(self, name: str, default: str = "", *, required: bool = False) -> str:
        node = self.take(name, required=required)
        if node is None:
            return default
        if not isinstance(node, yaml.ScalarNode) or not node.value:
            self.fail(name, "must be a string")
            return default
        return str(node.value)

    def texts(self, name: str, *, required: bool = False, may_be_empty: bool = False) -> tuple[str, ...]:
        """A list of strings, or one string by itself."""
        node = self.take(name, required=required)
        if node is None:
            return ()
        entries = node.value if isinstance(node, yaml.SequenceNode) else [node]
        if not (entries or may_be_empty) or not all(
            isinstance(entry, yaml.ScalarNode) and entry.value for entry in entries
        ):
            self.fail(name, "must be a list of strings")
            return ()
        values = tuple(str(entry.value) for entry in entries)
        if len(set(values)) != len(values):
            self.fail(name, "names something twice")
        return values

    def flag(self, name: str) -> bool:
        node = self.take(name)
        if node is None:
            return False
        if not isinstance(node, yaml.ScalarNode) or node.value not in ("true", "false"):
            self.fail(name, "must be true or false")
            return False
        return bool(node.value == "true")

    def number(self, name: str, default: float, *, low: float, high: float) -> float:
        node = self.take(name)
        if node is None:
            return default
        try:
            value = float(node.value) if isinstance(node, yaml.ScalarNode) else low - 1
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            self.fail(name, f"must be a number from {low:g} to {high:g}")
            return default
        return value

    def choice(self, name: str, choices: Mapping[str, T]) -> T | None:
        """One of `choices`; None, and an error, when it is missing or another."""
        node = self.take(name, required=True)
        if node is None:
            return None
        if not isinstance(node, yaml.ScalarNode) or node.value not in choices:
            self.fail(name, f"must be one of {', '.join(choices)}")
            return None
        return choices[node.value]


def expand(text: str, environment: Mapping[str, str]) -> str:
    """`text` with `${NAME}` and `${NAME:-default}` replaced. Raises `ValueError` naming what is not set."""

    def value(match: re.Match[str]) -> str:
        found = environment.get(match[1]) or match[2]
        if found is None:
            raise ValueError(f"needs the environment variable {match[1]}, which is not set")
        return found

    return _VARIABLE.sub(value, text)
