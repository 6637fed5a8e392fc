"""Results for people, as tables and lines, and for scripts, as JSON."""

import argparse
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

MAX_WIDTH = 48
"""Characters of one column."""
DEFAULT_LIMIT = 50
HEADS = {"company.client_prefix": "company", "application.application_prefix": "application"}
"""Of columns that are called otherwise than their members."""


def add_limit(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--limit", type=_positive, default=DEFAULT_LIMIT, help=f"at most so many (default {DEFAULT_LIMIT})"
    )


def _positive(text: str) -> int:
    """Of none at all an empty list would say that there is nothing."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1")
    return int(text)


def print_list(
    arguments: argparse.Namespace, columns: Sequence[str], rows: Iterable[Mapping[str, Any]], empty: str
) -> None:
    """As a table, or whole with `--json`."""
    if arguments.json:
        print_json(list(rows))
    else:
        print_table(columns, rows, empty)


def print_json(value: Any) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False))


def print_table(columns: Sequence[str], rows: Iterable[Mapping[str, Any]], empty: str) -> None:
    """A line for each row; `a.b` is the member `b` of the member `a`.

    A person's terminal is spared long values, but for those of the last column; what reads a pipe gets all.
    """
    table = [[shown(member(row, column)) for column in columns] for row in rows]
    if not table:
        print(empty, file=sys.stderr)
        return
    heads = [HEADS.get(column, column.replace("_", " ").replace(".", " ")).upper() for column in columns]
    longest = [max(map(len, cells)) for cells in zip(heads, *table, strict=True)]
    last = len(longest) - 1
    whole = not sys.stdout.isatty()
    widths = [size if whole or column == last else min(size, MAX_WIDTH) for column, size in enumerate(longest)]
    for line in (heads, *table):
        cells = (_cut(cell, width).ljust(width) for cell, width in zip(line, widths, strict=True))
        print("  ".join(cells).rstrip())


def print_object(value: Mapping[str, Any]) -> None:
    """A line for each member; lists and objects below it as they are said, without their brackets."""
    width = max((len(name) for name in value), default=0)
    for name, each in value.items():
        lines = shown(each).splitlines() or [""]
        print(f"{name.ljust(width)}  {lines[0]}".rstrip())
        for line in lines[1:]:
            print(f"{' ' * width}  {line}")


def member(value: Mapping[str, Any], path: str) -> Any:
    found: Any = value
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def shown(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case Mapping():
            return ", ".join(f"{name} {_inner(each)}" for name, each in value.items() if each not in (None, "", []))
        case list():
            lines = "\n" if any(isinstance(each, Mapping) for each in value) else " "
            return lines.join(map(shown, value))
        case _:
            return str(value)


def _inner(value: Any) -> str:
    """Within another object an object is in brackets: both may have members of the same name."""
    return f"({shown(value)})" if isinstance(value, Mapping) else shown(value)


def _cut(text: str, width: int) -> str:
    line = text.replace("\n", " ")
    return line if len(line) <= width else line[: width - 1] + "…"
