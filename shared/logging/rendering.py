"""How log lines look: JSON, times in UTC, and tracebacks as text."""

import sys
import time
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson

from shared.logging.redaction import MAX_TEXT_CHARACTERS, redacted

_MAX_TRACEBACK_CHARACTERS = 8 * MAX_TEXT_CHARACTERS
"""Of which secrets are looked for; the last `MAX_TEXT_CHARACTERS` are shown."""


def now() -> str:
    """The time for a line: RFC 3339, in UTC, with milliseconds."""
    milliseconds = int(time.time() * 1000)
    return f"{_second(milliseconds // 1000)}.{milliseconds % 1000:03d}Z"


@lru_cache(maxsize=2)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()[:-6]


def traceback_of(exc_info: Any) -> str:
    """The traceback that structlog's `exc_info` names: True for the one being handled, an exception, a triple."""
    if not exc_info:
        return ""
    if isinstance(exc_info, tuple):
        error: BaseException | None = exc_info[1]
    elif isinstance(exc_info, BaseException):
        error = exc_info
    else:
        error = sys.exception()
    if error is None:
        return ""
    text = "".join(traceback.format_exception(error))
    if len(text) > _MAX_TRACEBACK_CHARACTERS:  # whole lines: a secret is known by its beginning
        text = text[-_MAX_TRACEBACK_CHARACTERS:].partition("\n")[2] or type(error).__name__
    return redacted(text)[-MAX_TEXT_CHARACTERS:]


def rendered(line: Mapping[str, Any]) -> bytes:
    """`line` as JSON, with a newline at its end."""
    try:
        return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:  # a lone surrogate, an integer of more than 64 bits
        plain = {_plain(name): _plain(value) for name, value in line.items()}
        return orjson.dumps(plain, option=orjson.OPT_APPEND_NEWLINE)


def _plain(value: Any) -> str:
    return str(value).encode("utf-8", "backslashreplace").decode()
