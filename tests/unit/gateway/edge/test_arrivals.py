"""Handshakes are done by turns, those that take the longest make room, and what is refused is counted."""

import asyncio

import structlog

from gateway.edge.arrivals import HANDSHAKES_PER_TURN, TOO_MANY_ARRIVING, Arrivals
from shared.addresses.block import address_block
from tests.support.doubles.arrivals import ArrivalCounts


class Arriving:
    socket_peer = "192.0.2.1"

    def __init__(self, arrivals: Arrivals, peer: str = "192.0.2.1") -> None:
        self.peer = peer
        self.steps = 0
        self.closed = False
        self._arrivals = arrivals

    def shake_hands(self) -> None:
        self.steps += 1

    def shed(self) -> None:
        self.closed = True
        self._arrivals.refused(self, TOO_MANY_ARRIVING)
        self._arrivals.left(self)


def arrivals_of(metrics: ArrivalCounts, *, max_arriving: int = 1000) -> Arrivals:
    return Arrivals(None, metrics, max_arriving=max_arriving, client_of=address_block)


async def test_other_connections_have_their_turn_between_the_handshakes_of_a_flood() -> None:
    arrivals = arrivals_of(ArrivalCounts())
    connections = [Arriving(arrivals) for _ in range(10 * HANDSHAKES_PER_TURN)]
    for arrival in connections:
        arrivals.handshake_due(arrival)
    for turn in range(1, 11):
        await asyncio.sleep(0)
        assert sum(arrival.steps for arrival in connections) == turn * HANDSHAKES_PER_TURN
    arrivals.handshake_due(connections[0])
    await asyncio.sleep(0)
    assert connections[0].steps == 2


async def test_a_flood_of_one_client_delays_no_handshake_of_another() -> None:
    arrivals = arrivals_of(ArrivalCounts())
    flood = [Arriving(arrivals, "198.51.100.1") for _ in range(1000)]
    flood += [Arriving(arrivals, f"2001:db8::{n:x}") for n in range(1000)]  # of one block: one client
    other = Arriving(arrivals, "192.0.2.7")
    for arrival in (*flood, other):
        arrivals.handshake_due(arrival)
    for _ in range(2):
        await asyncio.sleep(0)
    assert other.steps == 1
    arrivals.handshake_due(other)
    for _ in range(2):
        await asyncio.sleep(0)
    assert other.steps == 2
    assert sum(arrival.steps for arrival in flood) <= 4 * HANDSHAKES_PER_TURN


async def test_a_step_that_asks_for_another_one_waits_for_its_turn() -> None:
    arrivals = arrivals_of(ArrivalCounts())

    class Eager(Arriving):
        def shake_hands(self) -> None:
            super().shake_hands()
            if self.steps < 3:
                arrivals.handshake_due(self)

    eager = Eager(arrivals)
    arrivals.handshake_due(eager)
    for step in (1, 2, 3, 3):
        await asyncio.sleep(0)
        assert eager.steps == step


async def test_a_fault_in_one_handshake_holds_up_no_other() -> None:
    arrivals = arrivals_of(ArrivalCounts())

    class Faulty(Arriving):
        def shake_hands(self) -> None:
            raise RuntimeError("a fault of ours")

    loop, reported = asyncio.get_running_loop(), []
    loop.set_exception_handler(lambda _, context: reported.append(context["exception"]))
    try:
        connections = [Arriving(arrivals) for _ in range(5)]
        for arrival in (Faulty(arrivals), *connections):
            arrivals.handshake_due(arrival)
        for _ in range(6):
            await asyncio.sleep(0)
    finally:
        loop.set_exception_handler(None)
    assert [arrival.steps for arrival in connections] == [1] * 5
    assert [type(error) for error in reported] == [RuntimeError]


def test_the_connection_that_has_been_arriving_for_the_longest_time_makes_room() -> None:
    metrics = ArrivalCounts()
    arrivals = arrivals_of(metrics, max_arriving=3)
    connections = [Arriving(arrivals) for _ in range(5)]
    for arrival in connections:
        arrivals.came(arrival)
    assert [arrival.closed for arrival in connections] == [True, True, False, False, False]
    assert (len(arrivals), metrics.counted) == (3, {TOO_MANY_ARRIVING: 2})


def test_what_is_refused_is_counted_each_time_and_logged_together() -> None:
    metrics = ArrivalCounts()
    arrivals = arrivals_of(metrics)
    for reason in ("A", "B"):
        arrivals.refused(Arriving(arrivals), "tls_handshake_failed", reason)
    with structlog.testing.capture_logs() as lines:
        arrivals.sweep(100.0)
    assert lines == [
        {
            "event": "connections.refused",
            "log_level": "warning",
            "cause": "tls_handshake_failed",
            "count": 2,
            "last_peer": "192.0.2.1",
            "last_detail": "B",
        }
    ]
    assert metrics.counted == {"tls_handshake_failed": 2}
