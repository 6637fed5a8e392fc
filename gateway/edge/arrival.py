"""A connection before its first request: whose it is, and the TLS handshake, within one limit in time.

PROXY header -> complete, or none is required     -> greeting    it counts for its client from now on
greeting     -> the first byte of a TLS record    -> handshake   or, where no TLS is spoken, at once -> entered
greeting     -> anything else                     -> entered     with a refusal: HTTP without TLS
handshake    -> complete                          -> entered     another protocol takes over
any          -> malformed, late, over a bound     -> closed
"""

import asyncio
import ssl
from math import inf
from typing import Protocol, cast

from gateway.edge.arrivals import TOO_MANY_ARRIVING, Arrivals
from gateway.edge.ports import EnteredConnection
from gateway.edge.proxy_header_reader import HEADER_MALFORMED, HEADER_TIMEOUT, ProxyHeaderReader, Refused
from gateway.edge.tls_transport import TlsTransport
from gateway.http1.request import BadRequest

ARRIVAL_TIMEOUT_S = 10.0
"""Seconds in which the PROXY header and the TLS handshake must be complete."""
TLS_HANDSHAKE_RECORD = 0x16
"""The first byte of a client's first record (RFC 8446 section 5.1)."""
TLS_REQUIRED = BadRequest("this port speaks TLS: use https", code="tls_required")

HANDSHAKE_FAILED, HANDSHAKE_TIMEOUT = "tls_handshake_failed", "tls_handshake_timeout"


class Listener(Protocol):
    """What knows all connections."""

    def opened(self, connection: "Arrival") -> None:
        """Aborts the connection if there are too many."""

    def closed(self, connection: "Arrival") -> None: ...

    def entered(self, peer: str, scheme: str) -> EnteredConnection: ...


class Arrival(asyncio.Protocol):
    """Times in seconds of the loop's clock."""

    __slots__ = (
        "_arrivals",
        "_begun",
        "_header_reader",
        "_incoming",
        "_listener",
        "_loop",
        "_outgoing",
        "_over",
        "_tls",
        "_transport",
        "peer",
        "read_deadline",
        "socket_peer",
        "write_deadline",
    )

    idle = True
    """No request is under way: it may be closed where there are too many connections."""
    serving = False
    receiver = None

    def __init__(self, arrivals: Arrivals, listener: Listener, loop: asyncio.AbstractEventLoop) -> None:
        self._arrivals = arrivals
        self._listener = listener
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self.socket_peer = ""
        """The address of the other end, and of a balancer where it names its client in a PROXY header."""
        self._header_reader: ProxyHeaderReader | None = None
        """Of the PROXY header, as long as that is not complete."""
        self._begun = False
        """Whether anything has been received since the PROXY header."""
        self._over = False
        self._tls: ssl.SSLObject | None = None
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self.peer = ""
        """The client's address; "" while it is not known."""
        self.read_deadline = inf
        self.write_deadline = inf

    @property
    def _awaits_header(self) -> bool:
        return self._header_reader is not None and self._header_reader.required

    # What the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        if not peer:  # it is gone already, as a balancer's check is that ends with a reset
            self.abort()
            return
        self.socket_peer = peer[0]
        self._header_reader = self._arrivals.header_reader(self.socket_peer)
        if not self._awaits_header:
            self.peer = self.socket_peer
        self.read_deadline = self._loop.time() + ARRIVAL_TIMEOUT_S
        self._listener.opened(self)
        if not self._over:
            self._arrivals.came(self)

    def data_received(self, data: bytes) -> None:
        if self._over:
            return
        self._begun = True
        if self._header_reader is not None:
            data = self._read_header(self._header_reader, data)
        if not data:
            return
        if self._tls is None:
            self._greeted(data)
        else:
            self._handshake_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if not self._over:
            self._over = True
            if self._begun:  # a balancer that checks whether the port is open says nothing
                self._arrivals.refused(
                    self, HEADER_MALFORMED if self._awaits_header else HANDSHAKE_FAILED, "the client left"
                )
        self._leave()

    # What the listener calls

    def abort(self) -> None:
        """End the connection; from now on it counts no more."""
        self._over = True
        self._leave()
        if self._transport is not None:
            self._transport.abort()

    close_idle = abort

    def end_idle_by(self, deadline: float) -> None:
        """End the connection unless something has been received, or is before `deadline`."""
        if not self._begun:
            self.read_deadline = min(self.read_deadline, deadline)

    def expired(self, _: float) -> None:
        if self._begun and not self._over:
            self._arrivals.refused(self, HEADER_TIMEOUT if self._awaits_header else HANDSHAKE_TIMEOUT)
        self.abort()

    # What `Arrivals` calls

    def shed(self) -> None:
        self._arrivals.refused(self, TOO_MANY_ARRIVING)
        self.abort()

    def shake_hands(self) -> None:
        """The next step of the handshake."""
        tls, transport = self._tls, self._transport
        if self._over or tls is None or transport is None:
            return
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            self._flush()
            transport.resume_reading()
            return
        except ssl.SSLError as error:
            self._flush()  # an alert says what is wrong
            self._refuse(HANDSHAKE_FAILED, error.reason or "")
            return
        self._flush()
        transport.resume_reading()
        self._arrivals.handshake_done(tls.version() or "")
        connection = cast("asyncio.Protocol", self._enter("https"))
        TlsTransport(transport, self._loop, tls, self._incoming, self._outgoing, connection).begin()

    # The stages

    def _read_header(self, reader: ProxyHeaderReader, data: bytes) -> bytes:
        """What follows the PROXY header, once that is complete."""
        try:
            found = reader.feed(data)
        except Refused as refused:
            self._refuse(refused.cause, str(refused))
            return b""
        if found is None:
            return b""
        self._header_reader = None
        source, rest = found
        if reader.required:
            self._begun = bool(rest)
            self._listener.closed(self)
            self.peer = source or self.socket_peer
            self._listener.opened(self)
        return b"" if self._over else rest

    def _greeted(self, data: bytes) -> None:
        if self._arrivals.context is None:
            self._enter_plain(data)
        elif data[0] != TLS_HANDSHAKE_RECORD:
            self._enter_plain(b"", refusal=TLS_REQUIRED)
        else:
            self._tls = self._arrivals.context().wrap_bio(self._incoming, self._outgoing, server_side=True)
            self._handshake_received(data)

    def _handshake_received(self, data: bytes) -> None:
        """No more is read before this is looked at: requests may come together with the end of the handshake."""
        if self._transport is not None:
            self._transport.pause_reading()
            self._incoming.write(data)
            self._arrivals.handshake_due(self)

    def _enter_plain(self, data: bytes, refusal: BadRequest | None = None) -> None:
        transport = self._transport
        if transport is None:
            return
        connection = self._enter("http")
        transport.set_protocol(cast("asyncio.Protocol", connection))
        connection.connection_made(transport)
        if transport.is_closing():  # there are too many
            return
        if refusal is not None:
            connection.refuse(refusal)
        elif data:
            connection.data_received(data)

    def _enter(self, scheme: str) -> EnteredConnection:
        self._over = True
        self._leave()
        return self._listener.entered(self.peer, scheme)

    def _leave(self) -> None:
        self._arrivals.left(self)
        self._listener.closed(self)

    def _refuse(self, cause: str, detail: str = "") -> None:
        self._over = True
        self._arrivals.refused(self, cause, detail)
        if self._transport is not None:
            self._transport.close()
            self.read_deadline = self._loop.time() + ARRIVAL_TIMEOUT_S

    def _flush(self) -> None:
        if self._outgoing.pending and self._transport is not None:
            self._transport.write(self._outgoing.read())
