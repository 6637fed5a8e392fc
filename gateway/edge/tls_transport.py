"""TLS between a connection and its protocol, after the handshake: OpenSSL turns bytes into other bytes in memory.

The event loop's own TLS is not used: it reports a connection only when its handshake is complete, loses what came
with a PROXY header, and keeps 256 KiB for each connection.
"""

import asyncio
import contextlib
import ssl
from typing import Any, cast

READ_BYTES = 16384
"""The content of a record, at most (RFC 8446 section 5.1)."""
RECORDS_PER_TURN = 4
"""Of one connection, each of which may hold some requests, before other connections have their turn."""


class TlsTransport(asyncio.Transport, asyncio.Protocol):
    """The transport of `protocol`, and the protocol of the transport below.

    `close` and `write_eof` end what is sent with a `close_notify` alert; `abort` does not, so that a cut is seen
    as one (RFC 8446 section 6.1). A peer that sends the alert has left, as one that ends its side of the
    connection has.
    """

    __slots__ = (
        "_below",
        "_ended",
        "_incoming",
        "_outgoing",
        "_paused",
        "_protocol",
        "_reading",
        "_tls",
        "_turn_over",
    )

    def __init__(
        self,
        below: asyncio.Transport,
        tls: ssl.SSLObject,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        protocol: asyncio.Protocol,
    ) -> None:
        """`tls` reads from `incoming`, writes to `outgoing`, and has done its handshake."""
        super().__init__()
        self._below = below
        self._tls = tls
        self._incoming = incoming
        self._outgoing = outgoing
        self._protocol = protocol
        self._paused = False
        self._reading = False
        self._turn_over = False
        """Whether the rest of what has been received is for the next turn of the loop."""
        self._ended = False
        """Whether nothing more is sent, nor what is received passed on."""

    def begin(self) -> None:
        """Become the protocol below, and report the connection and what of it has been received."""
        self._below.set_protocol(self)
        self._protocol.connection_made(self)
        self._read()

    # What the transport below reports

    def data_received(self, data: bytes) -> None:
        if not self._ended:
            self._incoming.write(data)
            self._read()

    def eof_received(self) -> None:
        """The peer sends no more, by its alert or by the end of its side: what is written already goes out."""
        self._protocol.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended = True
        self._protocol.connection_lost(exc)

    def pause_writing(self) -> None:
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        self._protocol.resume_writing()

    # Reading

    def _read(self) -> None:
        """Pass on what is complete. What the protocol calls meanwhile does not come back here."""
        if self._reading or self._turn_over:
            return
        self._reading = True
        records = 0
        tls, incoming = self._tls, self._incoming
        try:
            while not (self._paused or self._ended) and (incoming.pending or tls.pending()):
                if records == RECORDS_PER_TURN:
                    self._end_turn()
                    break
                data = tls.read(READ_BYTES)
                if not data:
                    self.eof_received()
                    self.close()
                    break
                self._protocol.data_received(data)
                records += 1
        except ssl.SSLWantReadError:
            pass  # the record is not complete
        except ssl.SSLError:
            self._ended = True
            self._flush()  # an alert says what is wrong
            self._below.close()
        finally:
            self._reading = False
        if self._outgoing.pending:
            self._flush()

    def _end_turn(self) -> None:
        self._turn_over = True
        self._below.pause_reading()
        asyncio.get_running_loop().call_soon(self._begin_turn)

    def _begin_turn(self) -> None:
        self._turn_over = False
        if not self._paused:
            self._below.resume_reading()
        self._read()

    def pause_reading(self) -> None:
        if not (self._paused or self._ended):
            self._paused = True
            self._below.pause_reading()

    def resume_reading(self) -> None:
        if not self._paused:
            return
        self._paused = False
        if self._ended:
            return
        if self._turn_over:
            return
        self._below.resume_reading()
        if self._incoming.pending or self._tls.pending():
            asyncio.get_running_loop().call_soon(self._read)

    def is_reading(self) -> bool:
        return not self._paused

    # Writing

    def write(self, data: Any) -> None:
        if self._ended or not data:
            return
        try:
            written = self._tls.write(data)  # one record at a time
            if written < len(data):
                rest = memoryview(data)[written:]
                while rest:
                    rest = rest[self._tls.write(rest) :]
        except ssl.SSLError:
            self.abort()
            return
        self._below.write(self._outgoing.read())

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        """Send no more; what is still received is dropped."""
        if not self._ended:
            self._end()
            self._below.write_eof()
            self._resume_to_drop()

    def close(self) -> None:
        if not self._ended:
            self._end()
        self._below.close()

    def abort(self) -> None:
        self._ended = True
        self._below.abort()

    def _end(self) -> None:
        """Send `close_notify`."""
        self._ended = True
        with contextlib.suppress(ssl.SSLError):  # the peer's own alert is not there: nobody waits for it
            self._tls.unwrap()
        self._flush()

    def _resume_to_drop(self) -> None:
        if self._paused:
            self._paused = False
            self._below.resume_reading()

    def _flush(self) -> None:
        if self._outgoing.pending:
            self._below.write(self._outgoing.read())

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Of what is encrypted and not taken yet."""
        self._below.set_write_buffer_limits(high, low)

    def get_write_buffer_size(self) -> int:
        return self._below.get_write_buffer_size()

    def get_write_buffer_limits(self) -> tuple[int, int]:
        return self._below.get_write_buffer_limits()

    # What a transport is besides

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._tls if name == "ssl_object" else self._below.get_extra_info(name, default)

    def is_closing(self) -> bool:
        return self._below.is_closing()

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._protocol

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._protocol = cast("asyncio.Protocol", protocol)
