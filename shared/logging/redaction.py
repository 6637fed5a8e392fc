"""The one redactor: nothing that may be a credential stays in what is logged or printed."""

import re
from typing import Any
from urllib.parse import unquote

from shared.opaque import PATTERN

REDACTED = "[redacted]"
MAX_TEXT = 8192
"""Characters of one field: a traceback or a library's message has no bound of its own."""
MAX_ENCODINGS = 4
"""How many times over a text may be percent-encoded; one that is so more often is not shown at all."""
MAX_DEPTH = 6
"""Levels of nested values that are looked through; what is deeper is not shown."""

_STRUCTURED = re.compile(
    # Session tokens: UUIDs of version 4, while our ids have version 7.
    r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-4[0-9A-Fa-f]{3}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}"
    # JWTs, also several in a row, and those whose end is missing because a path is cut.
    r"|eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)+"
    # Private keys in PEM, also cut.
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----(?:.*?-----END [A-Z ]*-----|.*)"
    # Passwords in connection URLs.
    r"|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)",
    re.DOTALL,
)
_RUNS = re.compile(
    # Our own opaque secrets, also several in a row.
    rf"{PATTERN.pattern}"
    # SHA-256 in hexadecimal: what look-ups of opaque secrets name.
    r"|[0-9A-Fa-f]{64,}"
)
"""Runs of letters and digits: looked for after what is structured, of which they could hide the beginning."""


def redacted(text: str) -> str:
    """`text` with every credential that it may hold replaced, whether percent-encoded or not."""
    shown = plain = _replaced(text)
    for _ in range(MAX_ENCODINGS):
        if "%" not in plain or (decoded := unquote(plain)) == plain:
            return shown
        plain = _replaced(decoded)
        if plain != decoded:
            shown = plain
    return REDACTED if unquote(plain) != plain else shown


def _replaced(text: str) -> str:
    return _RUNS.sub(REDACTED, _STRUCTURED.sub(REDACTED, text))


def redacted_value(value: Any, depth: int = 0) -> Any:
    """`value` with every text in it redacted, that of dictionaries and sequences included."""
    if isinstance(value, str):
        return redacted(value[:MAX_TEXT])
    if value is None or isinstance(value, bool | int | float):
        return value
    if depth >= MAX_DEPTH:
        return REDACTED
    if isinstance(value, dict):
        return {redacted(str(k)): redacted_value(v, depth + 1) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redacted_value(item, depth + 1) for item in value]
    return redacted(str(value))
