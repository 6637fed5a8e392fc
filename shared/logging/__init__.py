"""Structured logs: one JSON object a line on standard output, with the request's id, without any secret.

Logging never raises, and waits `sink.STALL_MS` at most: what cannot be written is counted. A flood of lines is
sampled: what is left out is counted too, and reported in one line.
"""

import atexit
import logging
import time
from collections.abc import Mapping, MutableMapping
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any

import structlog

from shared.logging.redaction import redacted, redacted_value
from shared.logging.rendering import now, rendered, traceback_of
from shared.logging.sampling import Key, Sampler
from shared.logging.sink import LogSink, Stream, standard_output

ERROR_LEVELS = frozenset({"error", "critical"})

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the request being served; it goes with every call to another service."""


class _Log:
    """The log of this process."""

    def __init__(self) -> None:
        self.service = "passgate"
        self.fields: dict[str, object] = {}
        """What each line has besides: what distinguishes this process from others of its service."""
        self.prefix = '"level":"info","service":"passgate"'
        """How an access-log line goes on after its time."""
        self.access_enabled = True
        self.debug_enabled = False
        self.sampler = Sampler()
        self.error_sampler = Sampler()
        """Of lines of the level error, which a flood of others must not silence."""
        self.sink = LogSink(standard_output(), _resumed)

    def open(self, stream: Stream | None) -> None:
        self.sink = LogSink(stream, _resumed)


def configure(service: str, level: str = "info", fields: Mapping[str, object] = MappingProxyType({})) -> None:
    """Set up structlog and the standard library's logging for this process, both to standard output.

    Each line has `fields`.
    """
    threshold = getattr(logging, level.upper())
    structlog.configure(
        processors=[_line],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        context_class=dict,
        logger_factory=_Logger,
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.clear_contextvars()
    _log.service, _log.fields = service, dict(fields)
    _log.prefix = rendered({"level": "info", "service": service, **fields}).decode()[1:-2]
    _log.access_enabled = level in ("debug", "info")
    _log.debug_enabled = level == "debug"
    _log.open(standard_output())
    root = logging.getLogger()
    root.handlers[:] = [_Bridge()]
    root.setLevel(max(logging.WARNING, threshold))
    logging.captureWarnings(True)


def access_admits(sample: Key) -> bool:
    """Whether one more access-log line of this bucket is to be written; if not, it is counted as left out."""
    return _log.access_enabled and _log.sampler.admits(sample)


def access(
    fields: Mapping[str, Any],
    *,
    debug: bool = False,
    own: Mapping[str, Any] = MappingProxyType({}),
    sampled: bool = False,
) -> None:
    """Write one access-log line. `fields` hold the path without its query: a query may carry a token.

    `own` are further fields whose texts are our own words, addresses and public ids: they are not looked through.
    With `request_id` among them it is that request's line.

    The call of a known credential always has its line; of others it is `sampled`: see `access_admits`. With `debug`
    it is written at that level alone. Past structlog, whose processors cost more than many a request does.
    """
    if (debug and not _log.debug_enabled) or not _log.access_enabled:
        return
    try:
        line = {**_head("debug" if debug else "info", own.get("request_id")), "event": "request", **own}
        for name, value in fields.items():
            line[name] = redacted_value(value)
        written = rendered(line)
    except Exception:  # a value whose text cannot be had
        _log.sink.lose()
        return
    _log.sink.collect(written)
    if sampled:
        _log.sampler.written(len(written))


def access_rendered(
    rest: bytes, request_id: str, duration_ms: float, upstream_ms: float | None = None, trace_id: str = ""
) -> None:
    """Write the access-log line of a known credential's call, of which `rest` is what `rendered_fields` gave.

    `request_id` and `trace_id` were made or adopted here, so that they need no quoting. Durations in milliseconds.
    """
    if _log.access_enabled:
        varying = f'"request_id":"{request_id}","duration_ms":{duration_ms:.2f}'
        if upstream_ms is not None:
            varying = f'{varying},"upstream_ms":{upstream_ms:.2f}'
        if trace_id:
            varying = f'{varying},"trace_id":"{trace_id}"'
        _log.sink.collect(f'{{"time":"{now()}",{_log.prefix},{varying},'.encode() + rest)


def rendered_fields(fields: Mapping[str, Any], own: Mapping[str, Any]) -> bytes:
    """The fields of an access-log line that are the same each time; `fields` and `own` as for `access`."""
    return rendered({"event": "request", **own, **{name: redacted_value(value) for name, value in fields.items()}})[
        1:
    ]


def pass_on(lines: bytes) -> None:
    """Write whole lines of a process of ours as they are: they are redacted and sampled already."""
    _log.sink.write(lines, lines.count(b"\n"))


def report_left_out() -> None:
    """Log how many lines were left out since this was last called; nothing if there were none."""
    for key, lines in (*_log.error_sampler.take_left_out(), *_log.sampler.take_left_out()):
        event, *kinds = key
        left_out = {"event": "log.left_out", "of": event, "kind": " ".join(kinds), "lines": lines}
        _log.sink.write(rendered({**_head("warning"), **left_out}))


def lines_lost() -> int:
    """How many lines could not be written since the start."""
    return _log.sink.lost


def lost_within(seconds: float) -> bool:
    """Whether a line could not be written in the last `seconds`."""
    return time.monotonic() - _log.sink.lost_at < seconds


def lines_left_out() -> int:
    """How many lines were left out by sampling since the start."""
    return _log.sampler.left_out + _log.error_sampler.left_out


class _Logger:
    """What structlog hands its rendered lines to; empty ones were sampled."""

    def __init__(self, *_: Any) -> None:
        pass

    def msg(self, line: bytes) -> None:
        if line:
            _log.sink.write(line)

    log = debug = info = warn = warning = msg
    fatal = failure = err = error = critical = exception = msg


class _Bridge(logging.Handler):
    """Hands what libraries log to structlog, so that standard output holds one format."""

    def emit(self, record: logging.LogRecord) -> None:
        logger = structlog.get_logger()
        method = {"WARNING": logger.warning, "ERROR": logger.error, "CRITICAL": logger.error}.get(
            record.levelname, logger.info
        )
        try:
            message = record.getMessage()
        except Exception:  # a library's own mistake
            message = str(record.msg)
        method("library.message", logger=record.name, message=message, exc_info=record.exc_info)


def _line(_: Any, method: str, event: MutableMapping[str, Any]) -> bytes:
    """`event` as a line; empty when it is left out. Never raises, whatever its fields hold."""
    try:
        name = str(event.get("event", ""))
        key = (name, *(str(event[kind]) for kind in ("task", "upstream", "dependency", "code") if kind in event))
        level = "error" if method == "exception" else method
        sampler = _log.error_sampler if level in ERROR_LEVELS else _log.sampler
        if not sampler.admits(key):
            return b""
        line = {**_head(level), "event": redacted(name)}
        if exception := traceback_of(event.pop("exc_info", None)):
            event["exception"] = exception
        for field, value in event.items():
            if field != "event":
                line[field] = redacted_value(value)
        written = rendered(line)
    except Exception:
        _log.sink.lose()
        return b""
    sampler.written(len(written))
    return written


def _head(level: str, rid: str | None = None) -> dict[str, Any]:
    line = {
        "time": now(),
        "level": level,
        "service": _log.service,
        **_log.fields,
    }
    if rid := rid or request_id.get():
        line["request_id"] = rid
    return line


def _resumed(lost: int) -> bytes:
    return rendered({**_head("warning"), "event": "log.resumed", "lines_lost": lost})


_log = _Log()
atexit.register(lambda: _log.sink.flush())  # what the last turn of the event loop has left
