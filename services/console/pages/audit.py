"""Lines of the audit trail as a file."""

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

MAX_LINES = 100_000
"""Of one file."""
COLUMNS = (
    "seq", "at", "action", "actor", "actor_name", "subject_kind", "subject", "subject_name", "company",
    "request_id", "detail", "previous_hash", "hash",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would take a cell that begins with it for."""
_MORE = f"There are more than {MAX_LINES:,} lines: narrow the filters."
Line = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Format:
    """`head` comes before the first line; `more` in place of those that are too many."""

    name: str
    label: str
    content_type: str
    head: bytes
    line: Callable[[Line], bytes]
    more: bytes


def json_line(line: Line) -> bytes:
    """As the admin API has it."""
    return orjson.dumps(line) + b"\n"


def csv_line(line: Line) -> bytes:
    """RFC 4180. What a spreadsheet would calculate is text."""
    company = (line["company"] or {}).get("client_prefix") or line["company_id"] or ""
    shown = {**line, "company": company, "detail": orjson.dumps(line["detail"]).decode()}
    return _row(*(_cell(shown[name]) for name in COLUMNS))


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _row(*cells: str) -> bytes:
    written = io.StringIO()
    csv.writer(written).writerow(cells)
    return written.getvalue().encode()


FORMATS = {
    each.name: each
    for each in (
        Format("jsonl", "JSON lines", "application/jsonl", b"", json_line, json_line({"more": _MORE})),
        Format("csv", "CSV", "text/csv", _row(*COLUMNS), csv_line, _row(_MORE)),
    )
}
"""By the end of the file's name."""
