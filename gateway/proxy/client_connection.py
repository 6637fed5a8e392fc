"""A client's connection: requests in their order, one at a time, strict and within limits in time.

    idle      -> bytes                  -> head       a limit on its time begins
    head      -> complete               -> exchange   somebody receives the request, and writes the response
    head      -> malformed, late        -> exchange   which responds with a refusal and closes
    exchange  -> both sides complete    -> idle, or closed
    exchange  -> ends before the body   -> lingering  what still comes is read and dropped, then closed

What follows a request before its response is complete is kept; reading goes on, so that it is noticed when the
client leaves, and pauses when it is much.
"""

import asyncio
from math import inf
from typing import Protocol

from gateway.http1.body import BodyDecoder
from gateway.http1.framing import request_body
from gateway.http1.head_reader import HeadReader
from gateway.http1.request import BadRequest, read_body
from gateway.http1.request_head import RequestHead
from gateway.proxy.body_pace import BodyPace
from gateway.proxy.ports import RequestReceiver
from gateway.proxy.sockets import end_writing, has_left, reset_on_close
from shared.http.connection import HEAD_TIMEOUT_S
from shared.transport.turn_transport import TurnTransport, turn_transport

SLOW_READER_TIMEOUT_S = 28.0
"""Seconds in which a client must take what is waiting for it."""
LINGER_S = 2.0
"""Seconds for which what comes after a refusal is still read, so that its sender gets to see the refusal."""
WRITE_BUFFER_BYTES = 65536
"""Waiting to be taken by the client, over which the upstream's response is not read on."""
STEPS_PER_TURN = 16
"""Of one connection, before other connections have their turn: pipelined requests, and `CHUNKS_AT_A_TIME`."""
LAST_READ_S = 0.01
"""Seconds in which what has arrived at an idle connection is read before it is closed."""
PAUSED_CHECK_INTERVAL_S = 0.5
"""Seconds between two looks whether a client is still there of which nothing is read for now."""
READ_AHEAD_BYTES = 16384
"""Of requests that are not looked at yet, over which reading pauses."""
DRAINED_BODY_BYTES = 65536
"""A refused body no longer than this is read to its end, and the connection goes on."""


class Listener(Protocol):
    """What has accepted the connections: it knows them all, and makes an exchange of each request."""

    draining: bool
    keepalive_timeout: float
    """Seconds for which a connection is kept between two requests."""

    def opened(self, connection: "ClientConnection") -> None:
        """Aborts the connection if there are too many."""

    def closed(self, connection: "ClientConnection") -> None: ...

    def trusts(self, peer: str) -> bool:
        """Whether the address is that of a trusted proxy."""
        ...

    def receiver_of(self, connection: "ClientConnection", head: RequestHead | BadRequest) -> RequestReceiver: ...


class ClientConnection(asyncio.Protocol):
    """Times in seconds of the loop's clock; a deadline that is `inf` is none."""

    __slots__ = (
        "_advancing",
        "_ahead",
        "_body",
        "_dropping_body",
        "_head_reader",
        "_lingering",
        "_listener",
        "_loop",
        "_pace",
        "_steps",
        "_transport",
        "_turn",
        "_turn_due",
        "peer",
        "peer_trusted",
        "read_deadline",
        "receiver",
        "scheme",
        "write_deadline",
    )

    def __init__(
        self, listener: Listener, loop: asyncio.AbstractEventLoop, *, peer: str = "", scheme: str = "http"
    ) -> None:
        """`peer`: its address, where it is not that of the transport."""
        self._listener = listener
        self._loop = loop
        self._head_reader = HeadReader()
        self.receiver: RequestReceiver | None = None
        """Of the request under way."""
        self._body: BodyDecoder | None = None
        """Of the request under way, as long as its end has not come."""
        self._pace = BodyPace(0.0)
        self._dropping_body = False
        """Whether the response is complete, and the rest of the body means nothing."""
        self._ahead = b""
        """What came after the request under way, or of its body in this turn."""
        self._advancing = False
        self._steps = self._turn = 0
        """How many steps have been made in a turn of the loop, and in which one."""
        self._turn_due = False
        """Whether what is kept ahead is looked at in the next one."""
        self._lingering = False
        self.peer = peer
        """The address of the other end."""
        self.peer_trusted = False
        """Whether that is one of the trusted proxies."""
        self.scheme = scheme
        """`https` with TLS, else `http`."""
        self.read_deadline = inf
        self.write_deadline = inf
        self._transport: TurnTransport | None = None

    @property
    def draining(self) -> bool:
        """Whether the response under way is the connection's last."""
        return self._listener.draining

    @property
    def serving(self) -> bool:
        """Whether a request's head has come, and not all of its response or body."""
        return self.receiver is not None or self._dropping_body

    @property
    def congested(self) -> bool:
        """Whether the client takes no more for now."""
        return self.write_deadline < inf

    @property
    def idle(self) -> bool:
        """Whether no request is under way, nor the connection about to end."""
        return not (self.serving or self._lingering or self._head_reader.inside_head)

    # What the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = turn_transport(transport, self._loop)
        self._transport.set_write_buffer_limits(high=WRITE_BUFFER_BYTES)
        if not self.peer:
            peer = transport.get_extra_info("peername")
            self.peer = peer[0] if peer else ""
        self.peer_trusted = self._listener.trusts(self.peer)
        self.read_deadline = self._loop.time() + min(HEAD_TIMEOUT_S, self._listener.keepalive_timeout)
        self._listener.opened(self)

    def data_received(self, data: bytes) -> None:
        if self._lingering:
            return
        if self._ahead:
            self._keep_ahead(self._ahead + data)
        else:
            self._advance(data)

    def eof_received(self) -> None:
        """The loop closes next: a response that was written in this turn is sent before that."""
        if self._transport is not None:
            self._transport.send()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._lingering = True
        self.read_deadline = self.write_deadline = inf
        self._listener.closed(self)
        if self.receiver is not None:
            self.receiver.client_left("client_left")

    def pause_writing(self) -> None:
        self.write_deadline = self._loop.time() + SLOW_READER_TIMEOUT_S
        if self.receiver is not None:
            self.receiver.client_congested()

    def resume_writing(self) -> None:
        self.write_deadline = inf
        if self.receiver is not None:
            self.receiver.client_ready()
        elif self._ahead:
            self._resume()

    # What the receiver of a request calls

    def write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    def pause_reading(self) -> None:
        """Take no more of the body for now; its sender's time stands still."""
        if self._body is not None and self._transport is not None and not self._pace.paused:
            self._pace.pause(self._loop.time())
            self._stop_reading(self._transport)

    def resume_reading(self) -> None:
        if not self._pace.paused:
            return
        self._pace.resume(self._loop.time())
        if self._ahead and self._body is not None:
            self._end_turn()
        elif self._transport is not None and not self._ahead:
            self._transport.resume_reading()
        if self._body is not None:
            self._set_body_deadline()

    def request_done(self, *, keep_alive: bool) -> None:
        """The response is complete. Of a body whose end has not come the rest is dropped."""
        self.receiver = None
        if self._pace.paused:
            self.resume_reading()
        if not keep_alive:
            self._close()
            return
        if self._body is not None:
            self._dropping_body = True
            self.read_deadline = self._loop.time() + LINGER_S
            return
        self.read_deadline = self._loop.time() + self._listener.keepalive_timeout
        if self._ahead and not self._advancing and self.write_deadline == inf:
            self._resume()

    def switch(self, protocol: asyncio.Protocol) -> tuple[asyncio.Transport, bytes]:
        """Let `protocol` receive what follows the request; returns what of it has come already."""
        transport = self._transport
        if transport is None:
            raise ConnectionResetError
        transport.send()
        congested = self.congested
        received, self._ahead = self._ahead, b""
        self.read_deadline = self.write_deadline = inf
        transport.set_protocol(protocol)
        transport.resume_reading()
        if congested:
            protocol.pause_writing()
        return transport, received

    def close(self) -> None:
        """End a connection that has switched, when all is written."""
        self.receiver = None
        self._close()

    def abort(self, *, reset: bool = False) -> None:
        """End the connection now; with `reset` so that nobody takes it for the response's end."""
        self._lingering = True
        self.receiver = None
        if self._transport is not None:
            if reset:
                reset_on_close(self._transport)
            self._transport.abort()

    def can_drain(self, head: RequestHead) -> bool:
        """Whether the connection may go on after a refusal of this request."""
        if self._body is None:
            return True
        return (head.content_length or DRAINED_BODY_BYTES + 1) <= DRAINED_BODY_BYTES and not head.expects_continue

    # What the listener calls

    def close_idle(self) -> None:
        """End the connection if it is idle."""
        if self.idle:
            self._close()

    def end_idle_by(self, deadline: float) -> None:
        """End the connection if it is idle, unless a request begins before `deadline`."""
        if self.idle:
            self.read_deadline = min(self.read_deadline, deadline)

    def expired(self, now: float) -> None:
        """One of the deadlines has passed."""
        receiver = self.receiver
        if self.write_deadline <= now:
            self.abort()
            if receiver is not None:
                receiver.client_left("client_slow")
        elif self._lingering or self._dropping_body:
            self.abort()
        elif self._transport is not None and not self._transport.is_reading():
            self.read_deadline = now + PAUSED_CHECK_INTERVAL_S
            if has_left(self._transport):
                self.abort()
                if receiver is not None:
                    receiver.client_left("client_left")
        elif receiver is not None:
            self._refuse_body(receiver, BadRequest("the body came too slowly", status=408, code="request_timeout"))
        elif self._head_reader.inside_head:
            self.refuse(BadRequest("the head came too slowly", status=408, code="request_timeout"))
        else:  # a request may be here already, and only this process be late to read it
            self.read_deadline = inf
            self._loop.call_later(LAST_READ_S, self.close_idle)

    # Reading

    def _resume(self) -> None:
        data, self._ahead = self._ahead, b""
        if self._lingering or self._transport is None:
            return
        self._transport.resume_reading()
        if data:
            self._advance(data)

    def _end_turn(self) -> None:
        """Look at what is kept ahead in the next one, and before that not at what follows, such as the end."""
        if self._transport is not None:
            self._transport.pause_reading()
        if not self._turn_due:
            self._turn_due = True
            self._loop.call_soon(self._begin_turn)

    def _begin_turn(self) -> None:
        self._turn_due = False
        if not self._pace.paused:  # else whoever takes no more says when to go on
            self._resume()

    def _advance(self, data: bytes) -> None:
        self._advancing = True
        transport = self._transport
        if transport is not None and (turn := transport.turn) != self._turn:
            self._turn, self._steps = turn, 0
        while data and not self._lingering:
            # What the client does not take would be known only at the end of the turn.
            if transport is not None and transport.waiting:
                transport.send()
            if self._body is None and (self.receiver is not None or self.congested):
                self._keep_ahead(data)
                break
            if self._steps == STEPS_PER_TURN:
                self._keep_ahead(data)
                self._end_turn()
                break
            if self._body is None:
                self._steps += 1
                data = self._read_head(data)
            else:
                data = self._read_body(data)
                if data and self._body is not None:  # small chunks
                    self._steps += 1
        self._advancing = False

    def _keep_ahead(self, data: bytes) -> None:
        self._ahead = data
        if len(data) > READ_AHEAD_BYTES and self._transport is not None:
            self._stop_reading(self._transport)

    def _stop_reading(self, transport: asyncio.Transport) -> None:
        """Read no more for now, but look from time to time whether the client is still there."""
        transport.pause_reading()
        if not self._dropping_body:  # which has an end of its own
            self.read_deadline = self._loop.time() + PAUSED_CHECK_INTERVAL_S

    def _read_head(self, data: bytes) -> bytes:
        try:
            head, rest = self._head_reader.feed(data)
        except BadRequest as error:
            self.refuse(error)
            return b""
        if head is None:
            if self._head_reader.began_within(data):
                self.read_deadline = self._loop.time() + HEAD_TIMEOUT_S
            return b""
        self.read_deadline = inf
        if head.block.has_body:
            return self._begin_with_body(head, rest)
        receiver = self.receiver = self._listener.receiver_of(self, head)
        receiver.begin(b"", complete=True)
        return rest

    def _begin_with_body(self, head: RequestHead, data: bytes) -> bytes:
        self._body = request_body(head.framing)
        self._pace = BodyPace(self._loop.time())
        failure = None
        content = b""
        try:
            content, data = self._decode(data)
        except BadRequest as error:
            failure, data = error, b""
        self._set_body_deadline()
        receiver = self.receiver = self._listener.receiver_of(self, head)
        receiver.begin(content, complete=self._body is None)
        if failure is not None:
            self._refuse_body(receiver, failure)
        return data

    def _read_body(self, data: bytes) -> bytes:
        receiver = self.receiver
        try:
            content, rest = self._decode(data)
        except BadRequest as error:
            if receiver is None:
                self.abort()
            else:
                self._refuse_body(receiver, error)
            return b""
        if self._body is None and self._pace.paused:  # all of it is here: what comes next is that the client leaves
            self.resume_reading()
        if receiver is None:
            if self._body is None:
                self._dropping_body = False
                self.read_deadline = self._loop.time() + self._listener.keepalive_timeout
            return rest
        self._set_body_deadline()
        if content or self._body is None:
            receiver.body_received(content, complete=self._body is None)
        return rest

    def _decode(self, data: bytes) -> tuple[bytes, bytes]:
        """The content in `data`, and what of it is left. Raises `BadRequest`."""
        body = self._body
        if body is None:
            return b"", data
        content, rest = read_body(body, data)
        self._pace.received(len(content))
        if body.complete:
            self._body = None
        return content, rest

    def _set_body_deadline(self) -> None:
        if self._body is None:
            self.read_deadline = inf
        elif not self._pace.paused:
            self.read_deadline = self._pace.deadline(self._loop.time())

    # Ending

    def refuse(self, error: BadRequest) -> None:
        """What arrived is no request: nothing that comes after it is looked at."""
        self._lingering = True
        self.read_deadline = inf
        receiver = self.receiver = self._listener.receiver_of(self, error)
        receiver.begin(b"", complete=True)

    def _refuse_body(self, receiver: RequestReceiver, error: BadRequest) -> None:
        self._lingering = True
        self.read_deadline = inf
        if self.receiver is receiver:
            receiver.body_refused(error)

    def _close(self) -> None:
        """Send what is written, and let the client have it though it may be sending still."""
        transport = self._transport
        if transport is None:
            return
        more_may_come = self._body is not None or bool(self._ahead) or self._lingering
        self._lingering = True
        self._ahead = b""
        if not more_may_come or not transport.can_write_eof():
            self.read_deadline = self._loop.time() + SLOW_READER_TIMEOUT_S
            transport.close()
            return
        self.read_deadline = self._loop.time() + LINGER_S
        transport.resume_reading()
        end_writing(transport)
