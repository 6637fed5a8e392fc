"""A transport of TLS between two ends that a test has in its hands, without a socket."""

import asyncio
import ssl
from typing import Any, cast

from gateway.edge.tls_transport import TlsTransport
from tests.support.harness.tls_pair import connected
from tests.support.turns import SteppedLoop


class Below:
    """The transport that TLS goes over."""

    def __init__(self) -> None:
        self.wire = b""
        self.reading, self.closed, self.aborted, self.ended_writing = True, False, False, False
        self.limits: tuple[int | None, int | None] = (None, None)

    def set_protocol(self, protocol: object) -> None: ...

    def write(self, data: bytes) -> None:
        assert not self.ended_writing
        self.wire += data

    def taken(self) -> bytes:
        wire, self.wire = self.wire, b""
        return wire

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.aborted = True

    def is_closing(self) -> bool:
        return self.closed or self.aborted

    def write_eof(self) -> None:
        self.ended_writing = True

    def set_write_buffer_limits(self, high: int | None, low: int | None) -> None:
        self.limits = (high, low)

    def get_extra_info(self, name: str, default: Any) -> Any:
        return {"peername": ("192.0.2.1", 1)}.get(name, default)


class Recorder(asyncio.Protocol):
    """What speaks over TLS."""

    def __init__(self) -> None:
        self.received: list[bytes] = []
        self.events: list[str] = []
        self.transport: asyncio.Transport | None = None
        self.pause_after = 0
        """Pause reading once so many pieces have been received."""
        self.goes_on = False
        """Whether it has still something to say when the other side has not."""
        self.responds = False
        """Whether each piece is written back."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self.received.append(data)
        if self.responds and self.transport is not None:
            self.transport.write(data)
        if self.pause_after and len(self.received) == self.pause_after:
            assert self.transport is not None
            self.transport.pause_reading()

    def eof_received(self) -> bool:
        self.events.append("end")
        return self.goes_on

    def pause_writing(self) -> None:
        self.events.append("pause")

    def resume_writing(self) -> None:
        self.events.append("resume")

    def connection_lost(self, exc: Exception | None) -> None:
        self.events.append("lost")


class Wired:
    def __init__(
        self, context: ssl.SSLContext, client: ssl.SSLContext | None = None, *, early: bytes = b""
    ) -> None:
        """`early`: what comes with the end of the handshake."""
        self.client, server = connected(context, client)
        if early:
            server.incoming.write(self.client.sealed(early))
        self.loop, self.below, self.protocol = SteppedLoop(), Below(), Recorder()
        below, loop = cast("asyncio.Transport", self.below), cast("asyncio.AbstractEventLoop", self.loop)
        self.transport = TlsTransport(below, loop, server.tls, server.incoming, server.outgoing, self.protocol)
        self.transport.begin()

    def sent(self) -> bytes:
        """What has been sent below since the last time, when the turn has ended."""
        self.loop.turn()
        return self.below.taken()

    @property
    def received(self) -> bytes:
        return b"".join(self.protocol.received)

    def ended_cleanly(self) -> bool:
        """Whether the client has seen `close_notify`."""
        self.client.incoming.write(self.sent())
        while True:
            try:
                if self.client.tls.read(65536) == b"":
                    return True
            except ssl.SSLZeroReturnError:
                return True
            except ssl.SSLWantReadError:
                return False
