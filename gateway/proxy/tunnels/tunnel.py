"""A client and an upstream that have agreed on another protocol: what one sends, the other gets.

open        -> bytes of one side         -> written to the other; reading pauses while that takes no more
open        -> one side ends its half    -> half closed: the other learns of it, and may still send
half closed -> the other ends its half   -> over, once all is written
any         -> a side is lost, or silent -> over: the other side ends too
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

from gateway.proxy.sockets import end_writing

HALF_CLOSED_TIMEOUT_S = 10.0
"""Seconds without a byte for which a tunnel waits for its other half to end."""
IDLE, STALLED, CLIENT_LEFT, CONNECTION_LOST = "tunnel_idle", "tunnel_stalled", "client_left", "connection_lost"
"""Causes: no byte came either way; one side took none; one side's connection was reset."""


class SwitchedConnection(Protocol):
    """Either side's, which is read by the tunnel and counted as before."""

    def switch(self, protocol: asyncio.Protocol) -> tuple[asyncio.Transport, bytes]:
        """Let `protocol` receive all that comes; returns what has come already and was not read."""
        ...

    def connection_lost(self, exc: Exception | None) -> None: ...

    def close(self) -> None:
        """End it when all is written."""

    def abort(self) -> None:
        """End it now."""


class Tunnel:
    """`over` is called once, with the cause where it did not end by the will of both sides.

    `idle_timeout` is in seconds, of the clock `now`. The caller looks by `sweep` whether it has passed.
    """

    def __init__(
        self,
        client: SwitchedConnection,
        upstream: SwitchedConnection,
        *,
        idle_timeout: float,
        over: Callable[[str], None],
        now: Callable[[], float],
    ) -> None:
        self._now = now
        self._idle_timeout = idle_timeout
        self._report = over
        self._over = False
        self._active_at = self._now()
        self._congested = 0
        """How many sides take no more for now."""
        self._client, self._upstream = _End(client, self), _End(upstream, self)
        self._client.other, self._upstream.other = self._upstream, self._client

    def open(self, received: bytes) -> None:
        """Begin. `received` came from the upstream after its 101; what the client has sent since goes to it."""
        sent_ahead, received = self._client.switch(), self._upstream.switch() + received
        for end in (self._client, self._upstream):
            end.hold_back_other()
        self._client.write(received)
        self._upstream.write(sent_ahead)

    def sweep(self) -> None:
        silence = self._now() - self._active_at
        half_closed = self._client.ended or self._upstream.ended
        if silence >= (min(HALF_CLOSED_TIMEOUT_S, self._idle_timeout) if half_closed else self._idle_timeout):
            self._abort(STALLED if self._congested else IDLE)

    # What the two ends report

    def moved(self) -> None:
        if not self._congested:
            self._active_at = self._now()

    def congested(self) -> None:
        self._congested += 1

    def ready(self) -> None:
        self._congested = max(0, self._congested - 1)
        self.moved()

    def half_closed(self) -> None:
        self.moved()
        if self._client.ended and self._upstream.ended:
            self._end("")
            self._client.connection.close()
            self._upstream.connection.close()

    def lost(self, end: "_End", exc: Exception | None) -> None:
        if self._over:
            return
        if exc is None:
            self._end("")
            end.other.connection.close()
        else:
            self._end(CLIENT_LEFT if end is self._client else CONNECTION_LOST)
            end.other.connection.abort()

    def _abort(self, cause: str) -> None:
        self._end(cause)
        self._client.connection.abort()
        self._upstream.connection.abort()

    def _end(self, cause: str) -> None:
        if not self._over:
            self._over = True
            self._report(cause)


class _End(asyncio.Protocol):
    """What one side sends, and whether it takes what it is sent."""

    __slots__ = ("_paused", "_transport", "_tunnel", "connection", "ended", "other")

    def __init__(self, connection: SwitchedConnection, tunnel: Tunnel) -> None:
        self.connection = connection
        self.ended = False
        """Whether this side sends no more."""
        self.other = self
        self._tunnel = tunnel
        self._transport: asyncio.Transport | None = None
        self._paused = False

    def switch(self) -> bytes:
        self._transport, received = self.connection.switch(self)
        return received

    def write(self, data: bytes) -> None:
        if data and self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def write_eof(self) -> None:
        """The other side sends no more. Where a half cannot end alone, as over TLS to an upstream, both do."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if transport.can_write_eof():
            end_writing(transport)
        else:
            self.ended = True

    def data_received(self, data: bytes) -> None:
        self.other.write(data)
        self._tunnel.moved()

    def eof_received(self) -> bool:
        self.ended = True
        self.other.write_eof()
        self._tunnel.half_closed()
        return self._transport is not None and self._transport.can_write_eof()

    def pause_writing(self) -> None:
        self._paused = True
        self._tunnel.congested()
        self.hold_back_other()

    def hold_back_other(self) -> None:
        """Read nothing from the other side while this one takes no more: also if it did before the tunnel."""
        if self._paused and self.other._transport is not None:
            self.other._transport.pause_reading()

    def resume_writing(self) -> None:
        if self._paused:
            self._paused = False
            self._tunnel.ready()
            if self.other._transport is not None:
                self.other._transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._tunnel.lost(self, exc)
        self.connection.connection_lost(exc)
