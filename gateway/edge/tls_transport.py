"""TLS between a connection and its protocol, after the handshake: OpenSSL turns bytes into other bytes in memory.

The event loop's own TLS is not used: it reports a connection only when its handshake is complete, loses what came
with a PROXY header, and keeps 256 KiB for each connection.
"""

import asyncio
import contextlib
import ssl
from typing import Any, cast

from gateway.edge.tls_records import Records
from shared.transport.turn_transport import TurnTransport, turn_writes

READ_BYTES = 16384
"""The content of a record, at most (RFC 8446 section 5.1)."""
RECORDS_PER_TURN = 4
"""Of one connection, before other connections have their turn: whether they have content or not."""
MAX_RECORDS_WITHOUT_CONTENT = 32
"""One after the other, such as those that change keys, each of which costs as much as a request.

A client changes its keys once in millions of records (RFC 8446 section 5.5). As many as OpenSSL takes empty ones.
"""


class TlsTransport(TurnTransport, asyncio.Protocol):
    """The transport of `protocol`, and the protocol of the transport below.

    What is written is encrypted at once and sent at the end of the turn: whatever is received next, it goes out.
    `close` and `write_eof` end what is sent with a `close_notify` alert; `abort` does not, so that a cut is seen
    as one (RFC 8446 section 6.1). A peer that sends the alert has ended its half: whether it has left is for
    `protocol` to say, by what its `eof_received` returns. Without the alert, and before TLS 1.3, it has left.
    """

    __slots__ = (
        "_incoming",
        "_loop",
        "_outgoing",
        "_paused",
        "_protocol",
        "_reading",
        "_reading_ended",
        "_records",
        "_tls",
        "_turn_over",
        "_without_content",
        "_writing_ended",
    )

    def __init__(
        self,
        below: asyncio.Transport,
        loop: asyncio.AbstractEventLoop,
        tls: ssl.SSLObject,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        protocol: asyncio.Protocol,
    ) -> None:
        """`tls` reads from `incoming`, writes to `outgoing`, and has done its handshake."""
        super().__init__(below, turn_writes(loop))
        self._loop = loop
        self._tls = tls
        self._incoming = incoming
        self._outgoing = outgoing
        self._protocol = protocol
        self._records = Records()
        self._without_content = 0
        """How many records have come since the last one that had content."""
        self._paused = False
        self._reading = False
        self._turn_over = False
        """Whether the rest of what has been received is for the next turn of the loop."""
        self._writing_ended = False
        """Whether nothing more is sent."""
        self._reading_ended = False
        """Whether nothing that is received is passed on, either."""

    def begin(self) -> None:
        """Become the protocol below, and report the connection and what of it has been received."""
        self.below.set_protocol(self)
        self._records.add(self._incoming.read())
        self._protocol.connection_made(self)
        self._read()

    # What the transport below reports

    def data_received(self, data: bytes) -> None:
        if not self._reading_ended:
            self._records.add(data)
            self._read()

    def eof_received(self) -> bool:
        if self._reading_ended:  # the alert has said so before
            return not self._writing_ended
        self._protocol.eof_received()
        self.send()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._writing_ended = self._reading_ended = True
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
        count, records = 0, self._records
        try:
            while records.pending and not (self._paused or self._reading_ended):
                if count == RECORDS_PER_TURN:
                    self._end_turn()
                    break
                self._open(records.next())
                count += 1
        finally:
            self._reading = False
        if self._outgoing.pending:
            self._flush()

    def _open(self, record: bytes) -> None:
        """Pass on the content of a record, or of what is here of one."""
        self._incoming.write(record)
        try:
            content = self._tls.read(READ_BYTES)
        except ssl.SSLWantReadError:
            if self._records.complete:
                self._without_content += 1
                if self._without_content > MAX_RECORDS_WITHOUT_CONTENT:
                    self.abort()
            return
        except ssl.SSLZeroReturnError:  # the peer's alert, after ours
            content = b""
        except ssl.SSLError:
            self._flush()  # an alert says what is wrong
            self._writing_ended = True
            self.close()
            return
        if content:
            self._without_content = 0
            self._protocol.data_received(content)
        else:
            self._peer_ended()

    def _peer_ended(self) -> None:
        """The peer's `close_notify` has come."""
        self._reading_ended = True
        goes_on = self._protocol.eof_received()
        if not goes_on or self._tls.version() != "TLSv1.3":
            self.close()

    def _end_turn(self) -> None:
        self._turn_over = True
        self.below.pause_reading()
        self._loop.call_soon(self._begin_turn)

    def _begin_turn(self) -> None:
        self._turn_over = False
        if not self._paused:
            self.below.resume_reading()
        self._read()

    def pause_reading(self) -> None:
        if not (self._paused or self._reading_ended):
            self._paused = True
            self.below.pause_reading()

    def resume_reading(self) -> None:
        if not self._paused:
            return
        self._paused = False
        if self._reading_ended or self._turn_over:
            return
        self.below.resume_reading()
        if self._records.pending:
            self._loop.call_soon(self._read)

    def is_reading(self) -> bool:
        return not self._paused

    # Writing

    def write(self, data: Any) -> None:
        if self._writing_ended or not data:
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
        super().write(self._outgoing.read())

    def write_eof(self) -> None:
        """Send no more; what is still received is passed on."""
        if not self._writing_ended:
            self._end()
            super().write_eof()

    def close(self) -> None:
        if not self._writing_ended:
            self._end()
        self._reading_ended = True
        super().close()

    def abort(self) -> None:
        self._writing_ended = self._reading_ended = True
        super().abort()

    def _end(self) -> None:
        """Send `close_notify`."""
        with contextlib.suppress(ssl.SSLError):  # the peer's own alert is not there: nobody waits for it
            self._tls.unwrap()
        self._flush()
        self._writing_ended = True

    def _flush(self) -> None:
        """Send what OpenSSL has to say of itself."""
        data = self._outgoing.read()
        if data and not self._writing_ended:
            super().write(data)

    # What a transport is besides

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._tls if name == "ssl_object" else self.below.get_extra_info(name, default)

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._protocol

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.send()
        self._protocol = cast("asyncio.Protocol", protocol)
