"""Structured logs: one JSON object a line on standard output, with the request's id, without any secret."""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, BinaryIO
from urllib.parse import unquote

import orjson
import structlog

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the request being served; it goes with every call to another service."""

# Our own opaque secrets, session tokens (UUIDs of version 4; ids have version 7), JWTs (also without their end: a
# path is cut), and passwords in connection URLs.
SECRETS = re.compile(
    r"pg(?:at|ak|cs|ad)_[A-Za-z0-9]{8,}"
    r"|[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-4[0-9A-Fa-f]{3}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}"
    r"|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]*)?"
    r"|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"
)
_ENCODINGS = 3
"""How many times over a credential may be percent-encoded and still be found."""


def configure(service: str, level: str = "info") -> None:
    """Set up structlog and the standard library's logging for this process, both to standard output."""
    structlog.configure(
        processors=[_add_context, structlog.processors.format_exc_info, _redact, _render],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        context_class=dict,
        logger_factory=structlog.BytesLoggerFactory(sys.stdout.buffer),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.clear_contextvars()
    _state.service = service
    _state.stream = sys.stdout.buffer
    _state.tells_access = level in ("debug", "info")
    root = logging.getLogger()
    root.handlers[:] = [_Bridge()]
    root.setLevel(max(logging.WARNING, getattr(logging, level.upper())))


@dataclass(slots=True)
class _State:
    service: str = "passgate"
    tells_access: bool = True
    stream: BinaryIO = field(default_factory=lambda: sys.stdout.buffer)


_state = _State()


class _Bridge(logging.Handler):
    """Hands what libraries log to structlog, so that standard output holds one format."""

    def emit(self, record: logging.LogRecord) -> None:
        logger = structlog.get_logger()
        method = {"WARNING": logger.warning, "ERROR": logger.error, "CRITICAL": logger.error}.get(
            record.levelname, logger.info
        )
        method(record.getMessage(), logger=record.name, exc_info=record.exc_info)


def _add_context(_: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    line: MutableMapping[str, Any] = {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds")[:-6] + "Z",
        "level": method,
        "service": _state.service,
    }
    if rid := request_id.get():
        line["request_id"] = rid
    line.update(event)
    return line


def redacted(text: str) -> str:
    """`text` with every credential that it may hold replaced, whether percent-encoded or not."""
    plain = text
    for _ in range(_ENCODINGS):
        if "%" not in plain:
            break
        plain = unquote(plain)
    if plain is not text and SECRETS.search(plain) is not None:
        text = plain
    return SECRETS.sub("[redacted]", text)


def _redact(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = redacted(value)
    return event


def _render(_: Any, __: str, event: MutableMapping[str, Any]) -> bytes:
    return orjson.dumps(event, default=lambda value: redacted(str(value)))


def access(fields: Mapping[str, Any]) -> None:
    """Write one access-log line. `fields` hold the path without its query: a query may carry a token.

    Past structlog, whose processors cost more than many a request does. Only `path` is a stranger's own text, so
    only it is looked through for credentials.
    """
    if not _state.tells_access:
        return
    line = _add_context(None, "info", {"event": "request", **fields})
    line["path"] = redacted(line.get("path", ""))
    _state.stream.write(orjson.dumps(line, default=str) + b"\n")
    _state.stream.flush()
