"""From values to the bytes of a message: requests to an upstream, responses to a client."""

import time
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"


def request_head(method: str, target: str, lines: list[str], *, length: int | None, chunked: bool) -> bytes:
    """A request's head. `length` is the body's, in bytes; None together with `chunked` false: there is no body."""
    if chunked:
        framing = "Transfer-Encoding: chunked\r\n\r\n"
    elif length is not None:
        framing = f"Content-Length: {length}\r\n\r\n"
    else:
        framing = "\r\n"
    return "\r\n".join((f"{method} {target} HTTP/1.1", *lines, framing)).encode("latin-1")


def response_head(status: int, lines: list[str], *, length: int | None, chunked: bool, close: bool) -> bytes:
    """A response's head. `lines` hold its Date; `close`: the connection ends with this response."""
    if chunked:
        framing = "Transfer-Encoding: chunked\r\n"
    elif length is not None and status != 204:
        framing = f"Content-Length: {length}\r\n"
    else:
        framing = ""
    end = "Connection: close\r\n\r\n" if close else "\r\n"
    return "\r\n".join((_status_line(status), *lines, framing + end)).encode("latin-1")


def date_line() -> str:
    """The field Date, of now (RFC 9110 section 6.6.1)."""
    return _date(int(time.time()))


def chunk(content: bytes) -> bytes:
    """`content` as one chunk; nothing for no content, which would be the last chunk."""
    return b"%x\r\n%b\r\n" % (len(content), content) if content else b""


@lru_cache(maxsize=512)
def _status_line(status: int) -> str:
    try:
        return f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"HTTP/1.1 {status} "


@lru_cache(maxsize=2)
def _date(second: int) -> str:
    return "Date: " + formatdate(second, usegmt=True)
