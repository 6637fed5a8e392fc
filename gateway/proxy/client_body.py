"""A client's body as it arrives, within the route's limit and at a pace that holds nobody up."""

import asyncio

from aiohttp import StreamReader, web

from gateway.http1.request import BadRequest
from gateway.proxy.client_connection import Incoming
from gateway.proxy.ports import ClientLeft

MAX_BODY_SILENCE_S = 27.0
"""Seconds without a byte, and before which no rate is required: with what it takes to close, less than 30."""
MIN_BODY_RATE_BYTES_PER_S = 1024
"""Bytes a second that must arrive on average after that."""


class IncomingBody:
    """`gateway.proxy.ports.ClientBody` over aiohttp's reader. `limit` is in bytes."""

    def __init__(self, incoming: Incoming, content: StreamReader, *, length: int | None, limit: int) -> None:
        self.length = length
        self._incoming = incoming
        self._content = content
        self._limit = limit
        self._received = 0
        self._started = asyncio.get_running_loop().time()
        incoming.content = content

    async def read(self) -> bytes:
        """The next piece; empty at the end. Raises `BadRequest`, or `ClientLeft` when there will be no end."""
        piece = await self._next()
        if self._incoming.failure is not None:
            raise self._incoming.failure
        self._received += len(piece)
        if self._received > self._limit:
            raise BadRequest(f"the body is larger than {self._limit} bytes", status=413, code="too_large")
        return piece

    async def _next(self) -> bytes:
        if self._incoming.failure is not None:
            raise self._incoming.failure
        try:
            if (piece := self._content.read_nowait()) or self._content.at_eof():
                return piece
            now = asyncio.get_running_loop().time()
            late = self._started + MAX_BODY_SILENCE_S + self._received / MIN_BODY_RATE_BYTES_PER_S
            async with asyncio.timeout(min(MAX_BODY_SILENCE_S, late - now)):
                return await self._content.readany()
        except TimeoutError:
            raise BadRequest("the body came too slowly", status=408, code="request_timeout") from None
        except (web.RequestPayloadError, ConnectionError):
            raise ClientLeft from None
