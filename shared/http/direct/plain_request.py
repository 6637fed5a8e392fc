"""Recognizes a plain request in what has arrived, and makes it the request that aiohttp would."""

import asyncio
import re
from collections.abc import Container
from typing import NamedTuple, cast

from aiohttp import StreamReader, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import HttpVersion11, RawRequestMessage
from aiohttp.streams import EMPTY_PAYLOAD
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

MAX_HEAD_BYTES = 8190
"""Of a head as a whole; so much may one line have at aiohttp."""
MAX_BODY_BYTES = 65536

_HEAD = re.compile(
    rb"([A-Z]{3,7}) (/[A-Za-z0-9._~!$&'()*+,;=:@/-]*)(?:\?([A-Za-z0-9._~!$&'()*+,;=:@/?%-]*))? HTTP/1\.1\r\n"
    rb"((?:[A-Za-z0-9_-]+:[\x20-\x7e]*\r\n){1,64})\r\n"
)
_NEEDS_PARSER = frozenset({"transfer-encoding", "content-encoding", "expect", "upgrade"})
_LENGTH = re.compile(r"[0-9]{1,5}")


class PlainRequest(NamedTuple):
    """The head of a plain request. Each field occurs once."""

    method: str
    path: str
    query: str
    fields: list[tuple[str, str]]
    head_bytes: int
    body_bytes: int

    @property
    def bytes(self) -> int:
        return self.head_bytes + self.body_bytes


def plain_request(data: bytes, endpoints: Container[tuple[str, str]]) -> PlainRequest | None:
    """The request that `data` begins with, its body perhaps not here yet; None unless it is plain.

    `endpoints` are the methods and paths that there are.
    """
    match = _HEAD.match(data, 0, MAX_HEAD_BYTES)
    if match is None:
        return None
    method, path = match[1].decode("ascii"), match[2].decode("ascii")
    if (method, path) not in endpoints:
        return None
    fields, names, length = [], set(), "0"
    for line in match[4].decode("ascii").split("\r\n")[:-1]:
        name, _, value = line.partition(":")
        value = value.strip(" ")
        fields.append((name, value))
        lower = name.lower()
        names.add(lower)
        if lower == "content-length":
            length = value
        elif lower in _NEEDS_PARSER or (lower == "connection" and value.lower() != "keep-alive"):
            return None
    if len(names) != len(fields) or "host" not in names or _LENGTH.fullmatch(length) is None:
        return None
    body_bytes = int(length)
    if body_bytes > MAX_BODY_BYTES:
        return None
    return PlainRequest(method, path, (match[3] or b"").decode("ascii"), fields, match.end(), body_bytes)


class WholeBody:
    """A body that is here: as much of aiohttp's `StreamReader` as reading it takes."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def is_eof(self) -> bool:
        """Whether all of it has come."""
        return True

    def at_eof(self) -> bool:
        """Whether all of it was read."""
        return not self._data

    def read_nowait(self) -> bytes:
        data, self._data = self._data, b""
        return data

    async def readany(self) -> bytes:
        return self.read_nowait()


class CutOffBody(WholeBody):
    """One whose sender has left before all of it had come."""

    def __init__(self) -> None:
        super().__init__(b"cut off")

    def read_nowait(self) -> bytes:
        raise ConnectionResetError("the sender has left")


def aiohttp_request(
    plain: PlainRequest, body: WholeBody | None, connection: asyncio.Protocol, loop: asyncio.AbstractEventLoop
) -> web.Request:
    """The request as aiohttp's parser and server would have made it. It has no writer, and no task."""
    message = RawRequestMessage(
        plain.method,
        f"{plain.path}?{plain.query}" if plain.query else plain.path,
        HttpVersion11,
        CIMultiDictProxy(CIMultiDict(plain.fields)),
        (),
        False,
        None,
        False,
        False,
        URL.build(path=plain.path, query_string=plain.query, encoded=True),
    )
    return web.Request(
        message,
        EMPTY_PAYLOAD if body is None else cast(StreamReader, body),
        cast(web.RequestHandler, connection),
        cast(AbstractStreamWriter, None),
        cast("asyncio.Task[None]", None),
        loop,
    )
