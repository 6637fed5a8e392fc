"""The states of a tunnel, by a clock that the test moves. (Over sockets: the integration tests.)"""

import asyncio
from typing import Any, cast

import pytest

from gateway.proxy.tunnels.tunnel import (
    CLIENT_LEFT,
    CONNECTION_LOST,
    HALF_CLOSED_TIMEOUT_S,
    IDLE,
    STALLED,
    Tunnel,
)
from tests.support.clock import FakeClock

IDLE_TIMEOUT_S = 60.0


class Transport:
    """What one side is sent."""

    def __init__(self, *, halves: bool) -> None:
        self.halves = halves
        self.sent = b""
        self.ended = False
        self.reading = True

    def write(self, data: bytes) -> None:
        assert not self.ended
        self.sent += data

    def can_write_eof(self) -> bool:
        return self.halves

    def write_eof(self) -> None:
        self.ended = True

    def is_closing(self) -> bool:
        return False

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True


class Side:
    """The connection of one side: its end of the tunnel is `protocol`."""

    def __init__(self, ahead: bytes = b"", *, halves: bool = True) -> None:
        self.transport = Transport(halves=halves)
        self.ahead = ahead
        self.protocol: Any = None
        self.calls: list[str] = []

    def switch(self, protocol: asyncio.Protocol) -> tuple[asyncio.Transport, bytes]:
        self.protocol = protocol
        return cast("asyncio.Transport", self.transport), self.ahead

    def connection_lost(self, exc: Exception | None) -> None:
        self.calls.append("lost")

    def close(self) -> None:
        self.calls.append("close")

    def abort(self) -> None:
        self.calls.append("abort")


class Opened:
    def __init__(self, received: bytes = b"", *, client: Side | None = None, upstream: Side | None = None) -> None:
        self.clock = FakeClock(0.0)
        self.client, self.upstream = client or Side(), upstream or Side()
        self.over: list[str] = []
        self.tunnel = Tunnel(
            self.client,
            self.upstream,
            idle_timeout=IDLE_TIMEOUT_S,
            over=self.over.append,
            now=self.clock.monotonic,
        )
        self.tunnel.open(received)

    def after(self, seconds: float) -> list[str]:
        self.clock.advance(seconds)
        self.tunnel.sweep()
        return self.over


def test_what_came_before_goes_first_and_to_the_right_side() -> None:
    opened = Opened(b"with the 101", client=Side(b"early"))
    assert (opened.client.transport.sent, opened.upstream.transport.sent) == (b"with the 101", b"early")


@pytest.mark.parametrize("talker", ["client", "upstream"])
def test_either_side_keeps_it_open(talker: str) -> None:
    opened = Opened()
    for _ in range(5):
        getattr(opened, talker).protocol.data_received(b"x")
        assert opened.after(IDLE_TIMEOUT_S - 1) == []
    assert opened.after(1) == [IDLE]
    assert (opened.client.calls, opened.upstream.calls) == (["abort"], ["abort"])


def test_a_side_that_takes_nothing_pauses_the_other_and_ends_it_in_the_end() -> None:
    opened = Opened()
    opened.client.protocol.pause_writing()
    assert (opened.upstream.transport.reading, opened.client.transport.reading) == (False, True)
    opened.client.protocol.data_received(b"though it sends")
    assert opened.after(IDLE_TIMEOUT_S) == [STALLED]


def test_one_that_takes_it_again_goes_on() -> None:
    opened = Opened()
    opened.client.protocol.pause_writing()
    assert opened.after(IDLE_TIMEOUT_S - 1) == []
    opened.client.protocol.resume_writing()
    assert opened.upstream.transport.reading
    assert opened.after(IDLE_TIMEOUT_S - 1) == []


def test_resuming_what_was_never_paused_changes_nothing() -> None:
    opened = Opened()
    opened.client.protocol.resume_writing()
    opened.upstream.protocol.pause_writing()
    opened.upstream.protocol.data_received(b"x")
    assert opened.after(IDLE_TIMEOUT_S) == [STALLED]


@pytest.mark.parametrize(("first", "second"), [("client", "upstream"), ("upstream", "client")])
def test_when_both_sides_have_ended_their_half_all_is_closed(first: str, second: str) -> None:
    opened = Opened()
    ending, other = getattr(opened, first), getattr(opened, second)
    assert ending.protocol.eof_received() is True
    assert other.transport.ended
    other.protocol.data_received(b"the rest")
    assert (ending.transport.sent, opened.over) == (b"the rest", [])
    other.protocol.eof_received()
    assert (opened.over, ending.calls, other.calls) == ([""], ["close"], ["close"])


def test_half_of_one_does_not_wait_for_long() -> None:
    opened = Opened()
    opened.upstream.protocol.eof_received()
    assert opened.after(HALF_CLOSED_TIMEOUT_S - 1) == []
    assert opened.after(1) == [IDLE]


def test_where_a_half_cannot_end_alone_both_do() -> None:
    opened = Opened(upstream=Side(halves=False))
    opened.client.protocol.eof_received()
    assert (opened.over, opened.client.calls, opened.upstream.calls) == ([""], ["close"], ["close"])
    assert Opened(client=Side(halves=False)).client.protocol.eof_received() is False


@pytest.mark.parametrize(
    ("lost", "other", "cause"), [("client", "upstream", CLIENT_LEFT), ("upstream", "client", CONNECTION_LOST)]
)
def test_when_one_side_is_reset_the_other_is_aborted(lost: str, other: str, cause: str) -> None:
    opened = Opened()
    getattr(opened, lost).protocol.connection_lost(ConnectionResetError())
    assert (opened.over, getattr(opened, lost).calls, getattr(opened, other).calls) == (
        [cause],
        ["lost"],
        ["abort"],
    )
    getattr(opened, other).protocol.connection_lost(None)
    assert (opened.over, getattr(opened, other).calls) == ([cause], ["abort", "lost"])


def test_when_one_side_has_ended_in_order_the_other_gets_all_that_was_sent() -> None:
    opened = Opened()
    opened.upstream.protocol.data_received(b"the last")
    opened.upstream.protocol.connection_lost(None)
    assert (opened.over, opened.client.calls, opened.client.transport.sent) == ([""], ["close"], b"the last")


def test_nothing_is_written_to_a_side_that_is_gone() -> None:
    opened = Opened()
    opened.upstream.protocol.connection_lost(None)
    opened.client.protocol.data_received(b"x")
    assert opened.upstream.transport.sent == b""
