"""Responses to a client: the head as we write it, the body with back-pressure, and a visible cut on failure."""

import asyncio
import time
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from aiohttp import web

from gateway.http1.fields import Fields
from gateway.http1.request import RequestHead
from gateway.http1.response import ResponseHead
from gateway.proxy.client_connection import Connection
from gateway.proxy.ports import ClientLeft
from gateway.refusal import Refusal, render

SLOW_READER_TIMEOUT_S = 28.0
"""Seconds in which a client must take what is waiting for it."""
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class _Done(web.StreamResponse):
    """Reports to aiohttp that the response is written, and whether the connection goes on."""

    def __init__(self, keep_alive: bool) -> None:
        super().__init__()
        self._goes_on = keep_alive

    @property
    def keep_alive(self) -> bool:
        return self._goes_on

    async def prepare(self, request: web.BaseRequest) -> None:
        """Nothing to do."""

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing to do."""


class ClientResponse:
    """The response to one request. `head` is None when there was no readable one."""

    def __init__(self, request: web.BaseRequest, connection: Connection, head: RequestHead | None) -> None:
        self._request: Any = request
        self._connection = connection
        self._head_only = head is not None and head.method == "HEAD"
        self._minor = head.minor_version if head is not None else 1
        self._keep_alive = head is not None and head.keep_alive
        self._chunked = False
        self._finished = False
        self.status = 0
        """The response's status; 0 before that."""

    def close_after(self) -> None:
        """End the connection with this response."""
        self._keep_alive = False

    def done(self) -> web.StreamResponse:
        """For aiohttp. A connection whose response is not whole does not go on."""
        return _Done(self._keep_alive and self._finished)

    async def send_continue(self) -> None:
        """The client may send its body (RFC 9110 section 10.1.1)."""
        await self._write(_CONTINUE)

    async def refuse(self, refusal: Refusal, request_id: str) -> None:
        """Respond with the gateway's own error."""
        if refusal.closes:
            self._keep_alive = False
        fields, body = render(refusal, request_id)
        await self.send(refusal.status, fields, body)

    async def send(self, status: int, fields: Fields, body: bytes) -> None:
        """A whole response, in one write."""
        head = self._head(status, fields, len(body))
        self._finished = True
        await self._write(head if self._head_only else head + body)

    async def begin(self, response: ResponseHead, fields: Fields, first: bytes) -> None:
        """The head of an upstream's response, with the part of the body that has come already."""
        bodiless = self._head_only or response.status in (204, 304)
        self._chunked = not bodiless and response.content_length is None and self._minor == 1
        if not bodiless and response.content_length is None and self._minor == 0:
            self._keep_alive = False  # the body ends with the connection
        head = self._head(response.status, fields, response.content_length)
        await self._write(head + self._framed(first))

    async def write(self, content: bytes) -> None:
        await self._write(self._framed(content))

    async def end(self) -> None:
        """The response is whole."""
        if self._chunked:
            await self._write(b"0\r\n\r\n")
        self._finished = True

    def abort(self) -> None:
        """Let the client see that the response is not whole."""
        self._keep_alive = False
        if self._connection.transport is not None:
            self._connection.transport.abort()

    def _framed(self, content: bytes) -> bytes:
        return b"%x\r\n%b\r\n" % (len(content), content) if self._chunked and content else content

    def _head(self, status: int, fields: Fields, length: int | None) -> bytes:
        self.status = status
        self._keep_alive = self._keep_alive and not self._connection.draining
        lines = [_status_line(status)]
        lines += [f"{name}: {value}" for name, value in fields]
        if not any(name.lower() == "date" for name, _ in fields):
            lines.append(_date(int(time.time())))
        if self._chunked:
            lines.append("Transfer-Encoding: chunked")
        elif length is not None and status != 204:
            lines.append(f"Content-Length: {length}")
        if not self._keep_alive:
            lines.append("Connection: close")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    async def _write(self, data: bytes) -> None:
        transport = self._connection.transport
        if transport is None or transport.is_closing():
            raise ClientLeft
        if data:
            transport.write(data)
        if not self._connection.writing_paused:
            return
        try:
            async with asyncio.timeout(SLOW_READER_TIMEOUT_S):
                await self._request.writer.drain()
        except TimeoutError:
            raise ClientLeft("client_slow") from None
        except ConnectionError:
            raise ClientLeft from None


@lru_cache(maxsize=512)
def _status_line(status: int) -> str:
    try:
        return f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"HTTP/1.1 {status} "


@lru_cache(maxsize=2)
def _date(second: int) -> str:
    return "Date: " + formatdate(second, usegmt=True)
