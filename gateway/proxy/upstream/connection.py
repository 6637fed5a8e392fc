"""A connection to an upstream: one request at a time, and strict about the response."""

import asyncio
from collections.abc import Callable
from math import inf

from gateway.http1.response import BadResponse, ResponseReader, Upgrade
from gateway.proxy.ports import (
    CONNECTION_LOST,
    RESPONSE_TIMEOUT,
    ConnectionLost,
    ResponseReceiver,
    UpstreamFailed,
)
from gateway.proxy.upstream.endpoint import Endpoint
from gateway.proxy.upstream.response_pace import ResponsePace
from shared.http.calls.failures import describe
from shared.transport.turn_transport import TurnTransport, turn_transport

WRITE_BUFFER_BYTES = 65536
"""Waiting to be taken by the upstream, over which the client's body is not read on."""
CLOSE_TIMEOUT_S = 10.0
"""Seconds in which the upstream must take the rest of what it was sent before its connection is closed."""


class UpstreamConnection(asyncio.Protocol):
    """Times in seconds of the loop's clock; a deadline that is `inf` is none.

    `released` is called after each request whose response is complete, when the connection may carry another one;
    `lost` once, when it may not any more.
    """

    __slots__ = (
        "_ended",
        "_loop",
        "_lost",
        "_pace",
        "_reader",
        "_receiver",
        "_released",
        "_requests",
        "_transport",
        "deadline",
        "endpoint",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        endpoint: Endpoint,
        *,
        released: Callable[["UpstreamConnection"], None],
        lost: Callable[["UpstreamConnection"], None],
    ) -> None:
        self._loop = loop
        self.endpoint = endpoint
        self._released = released
        self._lost: Callable[[UpstreamConnection], None] | None = lost
        self._transport: TurnTransport | None = None
        self._receiver: ResponseReceiver | None = None
        self._reader: ResponseReader | None = None
        self._requests = 0
        self._pace = ResponsePace()
        self.deadline = inf
        self._ended = False
        """Whether the upstream has closed its side: over TLS, with the alert that says so."""

    @property
    def usable(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    # What the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = turn_transport(transport, self._loop)
        self._transport.set_write_buffer_limits(high=WRITE_BUFFER_BYTES)

    def data_received(self, data: bytes) -> None:
        reader, receiver = self._reader, self._receiver
        if reader is None or receiver is None:
            self.abort()  # R21: it was not requested, and is no response to the next request
            return
        try:
            head, content = reader.feed(data)
        except BadResponse as error:
            self.endpoint.note_response()  # it is there, whatever it says
            self.fail(UpstreamFailed(502, "invalid_response", str(error)))
            return
        if head is not None and self.endpoint.suspect:
            self.endpoint.note_response()
        complete = reader.complete
        if complete:
            self._end_of_response(reader)
        elif reader.head is not None:
            now = self.endpoint.responded_at = self._loop.time()
            self.deadline = self._pace.deadline(now, head_came=True)
        if head is not None:
            receiver.response_began(head, content, complete=complete)
        elif content or complete:
            receiver.response_continued(content, complete=complete)

    def eof_received(self) -> None:
        self._ended = True
        if self._transport is not None:
            self._transport.send()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        receiver, reader, self._receiver = self._receiver, self._reader, None
        if receiver is None or reader is None:
            self._leave()
            return
        reason = describe(exc) if exc is not None else "it closed the connection"
        reused = self._requests > 1 and not reader.began
        if reader.head is None and not reused and self._pace.request_complete:  # or the client's body took too long
            self.endpoint.owner.failed(self.endpoint, CONNECTION_LOST, self, receiver.client_key)
        self._leave()
        if reader.until_close and self._ended and exc is None:  # R17, RFC 9112 sections 8, 9.8: a cut is no end
            receiver.response_continued(b"", complete=True)
        elif reader.head is not None:
            receiver.upstream_failed(UpstreamFailed(502, CONNECTION_LOST, reason))
        else:
            receiver.upstream_failed(ConnectionLost(reason, reused=reused))

    def pause_writing(self) -> None:
        self._pace.congest()
        self._renew_deadline()
        if self._receiver is not None:
            self._receiver.upstream_congested()
        else:
            self.abort()  # it has responded, and has not taken that request: it gets no other

    def resume_writing(self) -> None:
        self._pace.drain()
        self._renew_deadline()
        if self._receiver is not None:
            self._receiver.upstream_ready()

    # What the receiver of a response calls

    def begin(
        self,
        receiver: ResponseReceiver,
        method: str,
        data: bytes,
        *,
        complete: bool,
        response_timeout: float,
        idle_timeout: float,
        upgrade: Upgrade | None = None,
    ) -> None:
        """Send a request whose bytes begin with `data`, or are `data` when it is `complete`.

        The times are those of a `ResponsePace`. `upgrade`: what the request offers to switch to.
        """
        self._receiver = receiver
        self._reader = ResponseReader(method, upgrade)
        self._requests += 1
        self._pace.begin(complete=complete, response_timeout=response_timeout, idle_timeout=idle_timeout)
        self._renew_deadline()
        if self._transport is not None:
            self._transport.write(data)

    def send(self, data: bytes, *, complete: bool) -> None:
        """More of the request; `complete` with its last bytes."""
        if complete:
            self._pace.complete()
            self._renew_deadline()
        if self._transport is not None and data:
            self._transport.write(data)

    def pause_reading(self) -> None:
        """Take no more of the response for now; the upstream's time stands still."""
        if self._transport is not None and self._receiver is not None:
            self._pace.pause()
            self._renew_deadline()
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        if self._pace.paused and self._transport is not None:
            self._pace.resume()
            self._renew_deadline()
            self._transport.resume_reading()

    def switch(self, protocol: asyncio.Protocol) -> tuple[asyncio.Transport, bytes]:
        """Let `protocol` receive what follows a 101. The connection is never used for another request."""
        transport = self._transport
        if transport is None:
            raise ConnectionResetError
        transport.set_protocol(protocol)  # when all is sent, so that it is known whether more may be
        self._receiver = self._reader = None
        self.deadline = inf
        if self._pace.congested:
            protocol.pause_writing()
        return transport, b""

    def close(self) -> None:
        """End a connection that has switched, when all is written."""
        if self._transport is not None:
            self.deadline = self._loop.time() + CLOSE_TIMEOUT_S
            self._transport.close()

    def abort(self) -> None:
        """End the connection, and with it the upstream's call. Nothing is reported any more."""
        self._receiver = None
        self._leave()
        if self._transport is not None:
            self._transport.abort()

    # What its pool calls

    def expired(self) -> None:
        """`deadline` has passed."""
        if self._receiver is None:
            self.abort()
        elif self._reader is None or self._reader.head is None:
            if self.endpoint.responded_at <= self.deadline - self._pace.response_timeout:  # to nobody since
                self.endpoint.owner.failed(self.endpoint, RESPONSE_TIMEOUT, self)
            self.fail(UpstreamFailed(504, RESPONSE_TIMEOUT))
        else:
            self.fail(UpstreamFailed(504, "response_stalled"))

    def _renew_deadline(self) -> None:
        if self._reader is not None:
            self.deadline = self._pace.deadline(self._loop.time(), head_came=self._reader.head is not None)

    # Ending

    def _end_of_response(self, reader: ResponseReader) -> None:
        self._receiver = None
        self._reader = None
        if self._pace.paused:
            self.resume_reading()
        if self._pace.request_taken and reader.head is not None and reader.head.keep_alive and self.usable:
            self._released(self)
        else:
            self.endpoint.responded_at = self._loop.time()
            self.abort()

    def fail(self, error: UpstreamFailed) -> None:
        receiver = self._receiver
        self.abort()
        if receiver is not None:
            receiver.upstream_failed(error)

    def _leave(self) -> None:
        self.deadline = inf
        lost, self._lost = self._lost, None
        if lost is not None:
            lost(self)
