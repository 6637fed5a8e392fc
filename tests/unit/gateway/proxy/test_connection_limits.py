"""Connections within bounds: in all and per peer, idle ones closed first, each early end counted and logged."""

import ipaddress
from collections import Counter

import pytest
import structlog

from gateway.edge.cause_counts import LOG_INTERVAL_S
from gateway.proxy import connection_limits
from gateway.proxy.connection_limits import IDLE, LIMIT, PEER_LIMIT, ClientConnections, ConnectionLimits
from shared.addresses.forwarded_for import TrustedProxies

PROXY = "10.0.0.1"
PROXIES = TrustedProxies([ipaddress.ip_network("10.0.0.0/24")])


class Connection:
    def __init__(self, peer: str = "192.0.2.1", *, idle: bool = False, read_deadline: float = 0.0) -> None:
        self.peer = peer
        self.idle = idle
        self.read_deadline = read_deadline
        self.closed = False

    def close_idle(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = True


@pytest.fixture
def causes() -> Counter[str]:
    """Of the connections that were closed early."""
    return Counter()


@pytest.fixture
def connections(causes: Counter[str]) -> ClientConnections[Connection]:
    limits = ConnectionLimits(connections=10, connections_per_peer=3, bodies_per_client=1)
    return ClientConnections(limits, PROXIES, lambda cause: causes.update([cause]))


def added(connections: ClientConnections[Connection], *peers: str) -> list[bool]:
    return [connections.add(Connection(peer)) for peer in peers]


def test_a_peer_has_a_bounded_number_and_others_are_not_affected(
    connections: ClientConnections[Connection], causes: Counter[str]
) -> None:
    assert added(connections, *["192.0.2.1"] * 4, "192.0.2.2") == [True, True, True, False, True]
    assert causes == {PEER_LIMIT: 1}


def test_a_network_of_ipv6_is_one_peer(connections: ClientConnections[Connection]) -> None:
    peers = [f"2001:db8:0:1::{n}" for n in range(4)]
    assert added(connections, *peers, "2001:db8:0:2::1") == [True, True, True, False, True]


def test_an_ipv4_peer_is_the_same_on_an_ipv6_socket(connections: ClientConnections[Connection]) -> None:
    assert added(connections, "192.0.2.1", "::ffff:192.0.2.1", "192.0.2.1", "::ffff:192.0.2.1")[-1] is False


def test_a_trusted_proxy_is_bounded_by_the_limit_in_all_alone(
    connections: ClientConnections[Connection], causes: Counter[str]
) -> None:
    assert added(connections, *[PROXY] * 11) == [True] * 10 + [False]
    assert causes == {LIMIT: 1}


def test_a_connection_that_ends_makes_room(connections: ClientConnections[Connection]) -> None:
    first = Connection()
    assert connections.add(first)
    assert added(connections, *["192.0.2.1"] * 3) == [True, True, False]
    connections.discard(first)
    connections.discard(first)
    assert added(connections, *["192.0.2.1"] * 2) == [True, False]


def test_where_there_are_nearly_too_many_those_that_are_idle_longest_are_closed(
    connections: ClientConnections[Connection], causes: Counter[str]
) -> None:
    idle = [Connection(PROXY, idle=True, read_deadline=deadline) for deadline in (3.0, 1.0, 2.0)]
    busy = [Connection(PROXY) for _ in range(7)]
    for connection in (*idle, *busy):
        assert connections.add(connection)
    connections.sweep(0.0)
    assert [connection.closed for connection in (*idle, *busy)] == [False, True] + [False] * 8
    assert causes == {IDLE: 1}
    connections.discard(idle[1])
    connections.sweep(1.0)
    assert causes == {IDLE: 1}, "nine of ten are not too many"


def test_a_fault_in_closing_an_idle_connection_keeps_no_other_open(
    connections: ClientConnections[Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_limits, "SHED_SHARE", 0.8)

    class Faulty(Connection):
        def close_idle(self) -> None:
            raise RuntimeError

    idle = [Faulty(PROXY, idle=True), *(Connection(PROXY, idle=True, read_deadline=n) for n in range(1, 10))]
    for connection in idle:
        connections.add(connection)
    connections.sweep(0.0)
    assert [connection.closed for connection in idle[:3]] == [True, True, False]


def test_what_was_closed_early_is_logged_with_its_count_once_in_a_while(
    connections: ClientConnections[Connection],
) -> None:
    with structlog.testing.capture_logs() as log:
        added(connections, *["192.0.2.1"] * 8)
        connections.sweep(100.0)
        added(connections, *["192.0.2.1"] * 2)
        connections.sweep(101.0)
        assert len(log) == 1
        connections.sweep(100.0 + LOG_INTERVAL_S)
        connections.sweep(200.0)
    assert [(line["event"], line["cause"], line["count"]) for line in log] == [
        ("connections.closed_early", PEER_LIMIT, 5),
        ("connections.closed_early", PEER_LIMIT, 2),
    ]
    assert (log[0]["last_peer"], log[0]["open"]) == ("192.0.2.1", 3)


@pytest.mark.parametrize(
    ("descriptors", "connections", "per_peer"),
    [(1_000_000, 16_384, 2_048), (20_000, 14_808, 2_048), (1_024, 576, 432), (64, 24, 18)],
)
def test_there_are_no_more_connections_than_descriptors_allow(
    descriptors: int, connections: int, per_peer: int
) -> None:
    within = ConnectionLimits(16_384, 2_048, 128).within_descriptors(descriptors)
    assert within == ConnectionLimits(connections, per_peer, 128)
