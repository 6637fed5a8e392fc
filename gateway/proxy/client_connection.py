"""A client's connection: strict about what arrives, with a limit in time on each head."""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Any

from aiohttp import StreamReader

from gateway.http1.request import BadRequest, RequestHead
from gateway.http1.request_reader import Event, Mark, RequestReader
from shared.http.connection import HEAD_TIMEOUT_S, DrainingHandler

# What aiohttp gets to see: it needs to know where a body ends, and nothing else.
_NO_BODY = b"GET / HTTP/1.1\r\nHost: -\r\n\r\n"
_LENGTH = b"POST / HTTP/1.1\r\nHost: -\r\nContent-Length: %d\r\n\r\n"
_CHUNKED = b"POST / HTTP/1.1\r\nHost: -\r\nTransfer-Encoding: chunked\r\n\r\n"
_LAST_CHUNK = b"0\r\n\r\n"


@dataclass(slots=True)
class Incoming:
    """One request as it arrives, or what arrived in the place of one."""

    head: RequestHead | BadRequest
    failure: BadRequest | None = None
    """What is wrong with the body; set before the body ends."""
    content: StreamReader | None = None
    """Whoever reads the body, to be woken by a failure."""


class Connection(DrainingHandler):
    """aiohttp's connection, fed with checked bytes alone.

    `incoming` holds the requests in the order in which aiohttp will have them served.
    """

    __slots__ = ("_body_of", "_chunked", "_head_timer", "_reader", "_refused", "_unfinished", "incoming")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.incoming: deque[Incoming] = deque()
        self._reader = RequestReader()
        self._body_of: Incoming | None = None
        self._chunked = False
        self._refused = False
        self._unfinished = 0
        self._head_timer: asyncio.TimerHandle | None = None

    @property
    def serving(self) -> bool:
        return self._unfinished > 0

    def data_received(self, data: bytes) -> None:
        if not data:  # aiohttp goes on with what it has put off
            super().data_received(data)
            return
        if self._refused:  # read and forgotten, so that the refusal reaches a client that is still sending
            return
        try:
            for event in self._reader.feed(data):
                self._deliver(event)
        except BadRequest as error:
            self._refuse(error)
        self._time_head()

    def request_done(self) -> None:
        """The response to one request is complete. To be called once for each."""
        self._unfinished -= 1
        self._time_head()

    def connection_lost(self, exc: BaseException | None) -> None:
        self._refused = True
        self._stop_head_timer()
        super().connection_lost(exc)

    def _deliver(self, event: Event) -> None:
        if isinstance(event, RequestHead):
            self._body_of = self._announce(event)
            self._chunked = event.chunked
            if event.chunked:
                super().data_received(_CHUNKED)
            else:
                super().data_received(_LENGTH % event.content_length if event.content_length else _NO_BODY)
        elif event is Mark.END:
            self._body_of = None
            if self._chunked:
                super().data_received(_LAST_CHUNK)
        elif isinstance(event, bytes):
            super().data_received(b"%x\r\n%b\r\n" % (len(event), event) if self._chunked else event)

    def _announce(self, head: RequestHead | BadRequest) -> Incoming:
        incoming = Incoming(head)
        self.incoming.append(incoming)
        self._unfinished += 1
        return incoming

    def _refuse(self, error: BadRequest) -> None:
        self._refused = True
        broken = self._body_of
        if broken is None:
            self._announce(error)
            super().data_received(_NO_BODY)
            return
        broken.failure = error
        if broken.content is not None:
            broken.content.set_exception(error)
        super().data_received(_LAST_CHUNK)  # only a body in chunks can be broken

    def _time_head(self) -> None:
        if not self._reader.inside_head or self._refused or self._unfinished:
            self._stop_head_timer()
        elif self._head_timer is None:
            self._head_timer = asyncio.get_running_loop().call_later(HEAD_TIMEOUT_S, self._head_is_late)

    def _head_is_late(self) -> None:
        self._stop_head_timer()
        self._refuse(BadRequest("the head came too slowly", status=408, code="request_timeout"))

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
