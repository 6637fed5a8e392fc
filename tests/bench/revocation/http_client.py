"""A light HTTP client: requests that are ready to be sent, answers of which the status and the moment count."""

import asyncio
import contextlib
import re
from dataclasses import dataclass
from typing import cast

from tests.bench.load import HOST

TIMEOUT = 3.0
"""Seconds for one answer."""
NO_RESPONSE = 0
"""In the place of a status."""
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CLOSE = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Response:
    """`sent_at` and `at` by the loop's clock."""

    status: int
    sent_at: float
    at: float
    head: bytes = b""
    body: bytes = b""

    @property
    def accepted(self) -> bool:
        return 200 <= self.status < 300

    @property
    def rejected(self) -> bool:
        """A refusal. What cannot be known (503) is neither."""
        return self.status in (401, 403)

    def field(self, name: str) -> str | None:
        """The value of a header field."""
        found = re.search(rb"\r\n%b: *([^\r]*)" % re.escape(name.encode()), self.head, re.IGNORECASE)
        return None if found is None else found[1].decode("latin-1")


class Connection(asyncio.Protocol):
    """One request at a time. Answers must tell their length, as all of those that are asked for here do."""

    def __init__(self) -> None:
        self.usable = True
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._waiting: asyncio.Future[tuple[int, bytes, bytes]] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one by its methods alone

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0 or self._waiting is None or self._waiting.done():
            return
        head = bytes(self._received[:end])
        length = _LENGTH.search(head)
        body_end = end + 4 + (int(length[1]) if length else 0)
        if len(self._received) < body_end:
            return
        body = bytes(self._received[end + 4 : body_end])
        del self._received[:body_end]
        self.usable = not _CLOSE.search(head)
        self._waiting.set_result((int(head[9:12]), head, body))

    def connection_lost(self, exc: Exception | None) -> None:
        self.usable = False
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(exc or ConnectionResetError())

    async def send(self, wire: bytes) -> tuple[int, bytes, bytes]:
        if self._transport is None:
            raise ConnectionError("not connected")
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(wire)
        return await self._waiting

    def close(self) -> None:
        self.usable = False
        if self._transport is not None:
            self._transport.abort()


class Connections:
    """Keep-alive connections to one port of 127.0.0.1, at most `limit` of them in use at once."""

    def __init__(self, port: int, limit: int = 64) -> None:
        self.port = port
        self._idle: list[Connection] = []
        self._places = asyncio.Semaphore(limit)

    async def send(self, wire: bytes) -> Response:
        """The answer to one request; `NO_RESPONSE` when none came in time. Nothing is ever sent twice."""
        loop = asyncio.get_running_loop()
        async with self._places:
            sent_at, connection = loop.time(), None
            try:
                async with asyncio.timeout(TIMEOUT):
                    connection = await self._connected()
                    sent_at = loop.time()
                    status, head, body = await connection.send(wire)
            except (OSError, TimeoutError, ValueError):
                if connection is not None:
                    connection.close()
                return Response(NO_RESPONSE, sent_at, loop.time())
            if connection.usable:
                self._idle.append(connection)
            else:
                connection.close()
            return Response(status, sent_at, loop.time(), head, body)

    async def _connected(self) -> Connection:
        while self._idle:
            connection = self._idle.pop()
            if connection.usable:
                return connection
        _, created = await asyncio.get_running_loop().create_connection(Connection, HOST, self.port)
        return created

    def close(self) -> None:
        for connection in self._idle:
            with contextlib.suppress(OSError):
                connection.close()
        self._idle.clear()
