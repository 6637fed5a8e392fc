"""A connection to an upstream: strict about the responses.

What of aiohttp's inner workings the gateway leans on is in this file: the factory by which a connector makes its
connections, and the payload of the response under way.
"""

import asyncio
import functools
import socket
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection

from gateway.http1.response import BadResponse, ResponseReader
from gateway.routing.upstream_address import is_metadata


class ResponseRefused(aiohttp.ClientPayloadError):
    """What the upstream sent cannot be relied upon."""


class LostBeforeResponse(aiohttp.ServerDisconnectedError):
    """A connection that had served a request before ended before any byte of this response."""


on_connected: ContextVar[Callable[[], None]] = ContextVar("on_connected")
"""Called in the task that makes a request, once there is a connection for it."""


class UpstreamConnection(ResponseHandler):
    """aiohttp's connection, fed with checked bytes alone."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop=loop)
        self._reader: ResponseReader | None = None
        self._requests = 0
        self._response_began = False

    def set_response_params(self, **params: Any) -> None:
        self._reader = ResponseReader("HEAD" if params.get("skip_payload") else "GET")
        self._requests += 1
        self._response_began = False
        super().set_response_params(**params)

    def data_received(self, data: bytes) -> None:
        reader = self._reader
        if not data:  # aiohttp goes on with what it has put off
            super().data_received(data)
        elif reader is None or reader.complete:
            self._drop()  # it was not requested, and is no response to the next request
        else:
            self._response_began = True
            try:
                head, content = reader.feed(data)
            except BadResponse as error:
                self._refuse(ResponseRefused(str(error)))
                return
            self._pass_on(reader, head is not None, content)

    def connection_lost(self, exc: BaseException | None) -> None:
        if exc is not None and self._reader is not None and self._reader.until_close and self._payload is not None:
            # aiohttp takes any end for the end of such a body.
            self._payload.set_exception(ResponseRefused("the connection was reset"))
        super().connection_lost(exc)

    def set_exception(self, exc: BaseException, *cause: BaseException) -> None:
        lost = isinstance(exc, (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError))
        if lost and self._requests > 1 and not self._response_began:
            exc = LostBeforeResponse()
        super().set_exception(exc, *cause)

    def _pass_on(self, reader: ResponseReader, head_came: bool, content: bytes) -> None:
        pieces = [reader.raw_head] if head_came else []
        chunked = reader.head is not None and reader.head.chunked and reader.has_body
        if content:
            pieces.append(b"%x\r\n%b\r\n" % (len(content), content) if chunked else content)
        if chunked and reader.complete:
            pieces.append(b"0\r\n\r\n")
        if pieces:
            super().data_received(b"".join(pieces))

    def _refuse(self, failure: ResponseRefused) -> None:
        payload = self._payload
        self.set_exception(failure)
        if payload is not None:
            payload.set_exception(failure)
        self._drop()

    def _drop(self) -> None:
        self.force_close()
        if self.transport is not None:
            self.transport.abort()


class UpstreamConnector(aiohttp.TCPConnector):
    """aiohttp's pool of connections, of this kind, and never to where a machine's own secrets are."""

    def __init__(self, **options: Any) -> None:
        super().__init__(socket_factory=_socket, **options)
        loop = asyncio.get_running_loop()
        self._factory = functools.partial(UpstreamConnection, loop=loop)  # type: ignore[assignment]

    async def connect(self, *arguments: Any, **options: Any) -> Connection:
        connection = await super().connect(*arguments, **options)
        on_connected.get()()
        return connection


def _socket(address: Any) -> socket.socket:
    """A socket for an address that a name was resolved to: a name may turn out to be a metadata service."""
    family, kind, protocol, _, place = address
    if is_metadata(str(place[0]).partition("%")[0]):
        raise OSError("the upstream's name leads to a link-local or metadata address")
    return socket.socket(family=family, type=kind, proto=protocol)
