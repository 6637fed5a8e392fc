"""A connection that arrives enters once or ends once, and is counted once, whatever happens in which order."""

import asyncio
import ipaddress
import ssl
from typing import Any, cast

import pytest

from gateway.edge.arrival import TLS_REQUIRED, Arrival
from gateway.edge.arrivals import Arrivals
from gateway.http1.request import BadRequest
from shared.addresses.forwarded_for import TrustedProxies
from tests.support.doubles.arrivals import ArrivalCounts

BALANCER = "10.0.0.1"
HEADER = b"PROXY TCP4 203.0.113.7 10.0.0.1 12345 443\r\n"


class Transport:
    def __init__(self, peer: str | None) -> None:
        self.peer = peer
        self.protocol: object = None
        self.closing, self.aborted = False, False

    def get_extra_info(self, name: str) -> tuple[str, int] | None:
        assert name == "peername"
        return None if self.peer is None else (self.peer, 1)

    def set_protocol(self, protocol: object) -> None:
        self.protocol = protocol

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        self.closing = True

    def abort(self) -> None:
        self.closing = self.aborted = True


class Entered:
    """What takes over."""

    def __init__(self, peer: str, scheme: str) -> None:
        self.peer, self.scheme = peer, scheme
        self.received = b""
        self.refusals: list[BadRequest] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None: ...

    def data_received(self, data: bytes) -> None:
        self.received += data

    def refuse(self, error: BadRequest) -> None:
        self.refusals.append(error)


class Listener:
    def __init__(self, *, full_for: str = "") -> None:
        self.entries: list[Entered] = []
        self._full_for = full_for
        self._peers: dict[Arrival, str] = {}

    def opened(self, connection: Arrival) -> None:
        if connection.peer and connection.peer == self._full_for:
            connection.abort()
            return
        self._peers[connection] = connection.peer

    def closed(self, connection: Arrival) -> None:
        self._peers.pop(connection, None)

    def entered(self, peer: str, scheme: str) -> Entered:
        self.entries.append(Entered(peer, scheme))
        return self.entries[-1]

    @property
    def counted_for(self) -> list[str]:
        return list(self._peers.values())


class Loop:
    def time(self) -> float:
        return 100.0


class Arriving:
    """One connection and all that is around it."""

    def __init__(self, peer: str | None = BALANCER, *, tls: bool = False, full_for: str = "") -> None:
        self.metrics, self.listener, self.transport = ArrivalCounts(), Listener(full_for=full_for), Transport(peer)
        networks = TrustedProxies([ipaddress.ip_network(f"{BALANCER}/32")])
        context = (lambda: ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)) if tls else None
        self.arrivals = Arrivals(context, self.metrics, max_arriving=10, header_from=networks)
        self.arrival = Arrival(self.arrivals, self.listener, cast("Any", Loop()))
        self.arrival.connection_made(cast("Any", self.transport))

    def ended(self) -> bool:
        """Whether nothing of it is left in any count."""
        return self.transport.closing and self.listener.counted_for == [] and len(self.arrivals) == 0


def test_a_connection_that_is_gone_before_it_is_seen_is_nobodys() -> None:
    arriving = Arriving(None)
    arriving.arrival.data_received(HEADER)
    arriving.arrival.connection_lost(None)
    assert (arriving.ended(), arriving.metrics.counted) == (True, {})


def test_it_counts_for_nobody_then_for_its_client_and_then_no_more() -> None:
    arriving = Arriving()
    assert arriving.listener.counted_for == [""]
    arriving.arrival.data_received(HEADER)
    assert arriving.listener.counted_for == ["203.0.113.7"]
    arriving.arrival.data_received(b"GET /")
    [entered] = arriving.listener.entries
    assert (entered.peer, entered.scheme, entered.received) == ("203.0.113.7", "http", b"GET /")
    assert arriving.transport.protocol is entered
    assert (arriving.listener.counted_for, len(arriving.arrivals)) == ([], 0)


def test_a_client_over_its_bound_ends_with_its_header() -> None:
    arriving = Arriving(full_for="203.0.113.7")
    arriving.arrival.data_received(HEADER + b"GET /")
    assert (arriving.ended(), arriving.listener.entries) == (True, [])
    arriving.arrival.connection_lost(None)
    assert arriving.metrics.counted == {}


@pytest.mark.parametrize(
    ("received", "cause"),
    [
        (HEADER[:9], "proxy_header_timeout"),
        (HEADER + b"\x16\x03", "tls_handshake_timeout"),
        (b"", None),
        (HEADER, None),
    ],
)
async def test_what_is_late_is_counted_once_if_anything_was_said(received: bytes, cause: str | None) -> None:
    arriving = Arriving(tls=True)
    if received:
        arriving.arrival.data_received(received)
    arriving.arrival.expired(110.0)
    arriving.arrival.expired(120.0)
    arriving.arrival.connection_lost(None)
    assert (arriving.ended(), arriving.metrics.counted) == (True, {cause: 1} if cause else {})


@pytest.mark.parametrize(
    ("received", "cause"), [(HEADER[:9], "proxy_header_malformed"), (b"", None), (HEADER, None)]
)
def test_a_peer_that_leaves_is_counted_if_anything_was_begun(received: bytes, cause: str | None) -> None:
    arriving = Arriving()
    if received:
        arriving.arrival.data_received(received)
    arriving.transport.close()
    arriving.arrival.connection_lost(None)
    assert (arriving.ended(), arriving.metrics.counted) == (True, {cause: 1} if cause else {})


def test_http_without_tls_enters_with_a_refusal_and_nothing_else() -> None:
    arriving = Arriving("192.0.2.1", tls=True)
    arriving.arrival.data_received(b"GET / HTTP/1.1\r\n\r\n")
    [entered] = arriving.listener.entries
    assert (entered.refusals, entered.received, entered.scheme) == ([TLS_REQUIRED], b"", "http")


def test_while_the_listener_stops_only_what_has_begun_goes_on() -> None:
    silent, begun = Arriving(), Arriving()
    begun.arrival.data_received(HEADER[:9])
    for arriving in (silent, begun):
        arriving.arrival.end_idle_by(100.5)
    assert (silent.arrival.read_deadline, begun.arrival.read_deadline) == (100.5, 110.0)
