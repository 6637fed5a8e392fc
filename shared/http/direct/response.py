"""A response as bytes, as aiohttp writes it."""

import time
from email.utils import formatdate
from functools import lru_cache

from aiohttp import web

_NO_BODY = frozenset({204, 304})


def rendered(response: web.StreamResponse, *, head_only: bool = False, close: bool = False) -> bytes:
    """`head_only`: it is to a HEAD. `close`: the connection ends with it.

    Raises `TypeError` for a response whose body is not here as bytes, and `ValueError` for fields that would be
    read as others.
    """
    if not isinstance(response, web.Response):
        raise TypeError("a response with a body of bytes is needed")
    body = b"" if response.body is None else response.body
    if not isinstance(body, bytes) or response._cookies or response.compression or response.chunked:
        raise TypeError("a response with a body of bytes is needed")
    status, fields = response.status, response.headers
    lines = [f"HTTP/1.1 {status} {response.reason}"]
    lines += [f"{name}: {value}" for name, value in fields.items()]
    if status not in _NO_BODY:
        if body and "Content-Type" not in fields:
            lines.append("Content-Type: application/octet-stream")
        if body or not head_only:
            lines.append(f"Content-Length: {len(body)}")
    lines.append(f"Date: {_date(int(time.time()))}")
    if close:
        lines.append("Connection: close")
    head = "\r\n".join(lines)
    if head.count("\n") != len(lines) - 1 or head.count("\r") != len(lines) - 1 or "\0" in head:
        raise ValueError("a field of a response holds a line break")
    encoded = f"{head}\r\n\r\n".encode()
    return encoded if head_only or status in _NO_BODY else encoded + body


@lru_cache(maxsize=2)
def _date(seconds: int) -> str:
    return formatdate(seconds, usegmt=True)
