"""The request for liveness, recognized without a parser, and its response."""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import orjson

from shared.clock_offset import TIME_FIELD
from shared.http.responses import NO_STORE
from shared.logging.request_ids import adopt_request_id
from shared.problem import title_of

LIVE_PATH = "/health/live"
MAX_PROBE_BYTES = 4096
"""A longer head is the application's to read."""

Liveness = Callable[[], tuple[int, Mapping[str, Any]]]
"""Status and JSON of what is known of the process. Called in any thread; returns at once."""

_PROBE = re.compile(
    rb"(GET|HEAD) " + LIVE_PATH.encode() + rb" HTTP/1\.1\r\n((?:[A-Za-z0-9_-]+:[\x20-\x7e]*\r\n)*)\r\n"
)
_OTHERS = re.compile(
    rb"^(content-length|transfer-encoding|expect|upgrade|" + TIME_FIELD.encode() + rb"):",
    re.IGNORECASE | re.MULTILINE,
)
"""Fields of requests that need more than this."""
_HOST = re.compile(rb"^host:", re.IGNORECASE | re.MULTILINE)
_CLOSE = re.compile(rb"^connection:.*close", re.IGNORECASE | re.MULTILINE)
_REQUEST_ID = re.compile(rb"^x-request-id:[ ]*([!-~]*)[ ]*\r$", re.IGNORECASE | re.MULTILINE)


class Probe(NamedTuple):
    """A request for liveness, without a body."""

    length: int
    """Bytes of its head."""
    head_only: bool
    """Whether it is a HEAD."""
    closes: bool
    """Whether the connection ends with its response."""
    request_id: str | None


def probe_in(data: bytes) -> Probe | None:
    """The plain request for liveness that `data` begins with; None for all else, malformed or not."""
    match = _PROBE.match(data)
    if match is None:
        return None
    fields = match[2]
    if len(_HOST.findall(fields)) != 1 or _OTHERS.search(fields) is not None:
        return None
    given = _REQUEST_ID.findall(fields)
    return Probe(
        length=match.end(),
        head_only=match[1] == b"HEAD",
        closes=_CLOSE.search(fields) is not None,
        request_id=given[0].decode("ascii") if given else None,
    )


def response_to(probe: Probe, liveness: Liveness, date: str) -> bytes:
    """As the application responds. `date` is the value of its field Date."""
    status, document = liveness()
    body = orjson.dumps(document)
    fields = {
        "Content-Type": "application/json; charset=utf-8",
        **NO_STORE,
        "X-Request-Id": adopt_request_id(probe.request_id),
        "Content-Length": str(len(body)),
        "Date": date,
        **({"Connection": "close"} if probe.closes else {}),
    }
    phrase = "OK" if status == 200 else title_of(status)
    lines = [f"HTTP/1.1 {status} {phrase}", *(f"{name}: {value}" for name, value in fields.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + (b"" if probe.head_only else body)
