"""What is written in a turn of the loop leaves at its end, in its order, whatever becomes of the connections."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import pytest

from shared.transport.turn_transport import LARGE_BYTES, TurnTransport, turn_transport
from tests.support.waiting import until


class End(asyncio.Protocol):
    """One end of a connection."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self.received, self.over, self.paused = b"", False, False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.below: asyncio.Transport = transport  # type: ignore[assignment]
        self.transport = turn_transport(transport, asyncio.get_running_loop())

    def data_received(self, data: bytes) -> None:
        self.received += data

    def pause_writing(self) -> None:
        self.paused = True

    def resume_writing(self) -> None:
        self.paused = False

    def connection_lost(self, exc: Exception | None) -> None:
        self.over = True


@dataclass
class Pair:
    near: End
    far: End


@pytest.fixture
async def pairs() -> AsyncIterator[list[Pair]]:
    """Two connections, all four ends of which are here."""
    loop, accepted = asyncio.get_running_loop(), []

    def accept() -> End:
        accepted.append(End())
        return accepted[-1]

    server = await loop.create_server(accept, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    found = []
    for count in (1, 2):
        _, near = await loop.create_connection(End, "127.0.0.1", port)
        await until(lambda count=count: len(accepted) == count)  # type: ignore[misc]
        found.append(Pair(near, accepted[-1]))
    yield found
    for pair in found:
        pair.near.below.abort()
        pair.far.below.abort()
    server.close()


async def test_all_that_is_written_in_a_turn_arrives_in_its_order(pairs: list[Pair]) -> None:
    for piece in (b"a", b"b", b"c"):
        for pair in pairs:
            pair.near.transport.write(piece)
    for pair in pairs:
        await until(lambda pair=pair: pair.far.received == b"abc")  # type: ignore[misc]


async def test_each_turn_has_a_number_be_anything_written_or_not(pairs: list[Pair]) -> None:
    one, other = pairs[0].near.transport, pairs[1].near.transport
    assert isinstance(one, TurnTransport)
    assert isinstance(other, TurnTransport)
    numbers = []
    for written in (b"", b"a", b"", b"b"):
        if written:
            one.write(written)
        numbers.append(one.turn)
        assert one.turn == other.turn == numbers[-1]
        await asyncio.sleep(0)
    assert len(set(numbers)) == 4


async def test_what_is_large_is_sent_at_once_after_what_was_written_before(pairs: list[Pair]) -> None:
    pair = pairs[0]
    pair.near.transport.set_write_buffer_limits(high=0)
    pair.near.transport.write(b"a")
    while not pair.near.paused:
        pair.near.transport.write(b"b" * LARGE_BYTES)
    await until(lambda: not pair.near.paused)
    assert pair.far.received.startswith(b"abb")


async def test_nothing_is_sent_before_the_turn_ends(pairs: list[Pair]) -> None:
    sent: list[bytes] = []
    recorded = turn_transport(Recorder(pairs[0].near.below, sent.append), asyncio.get_running_loop())
    recorded.write(b"a")
    assert sent == []
    await asyncio.sleep(0)
    assert sent == [b"a"]


@pytest.mark.parametrize("ending", ["close", "abort", "write_eof"])
async def test_a_connection_that_ends_has_sent_what_was_written_before(pairs: list[Pair], ending: str) -> None:
    pair = pairs[0]
    pair.near.transport.write(b"last words")
    getattr(pair.near.transport, ending)()
    await until(lambda: pair.far.over)
    assert pair.far.received == b"last words"


async def test_another_protocol_finds_sent_what_was_written_before(pairs: list[Pair]) -> None:
    pair = pairs[0]
    pair.near.transport.write(b"first")
    pair.near.transport.set_protocol(asyncio.Protocol())
    pair.near.below.write(b", second")
    await until(lambda: pair.far.received == b"first, second")


async def test_a_connection_that_was_lost_keeps_no_other_from_sending(pairs: list[Pair]) -> None:
    lost, held = pairs
    lost.near.transport.write(b"x")
    held.near.transport.write(b"y")
    lost.near.below.abort()
    await until(lambda: held.far.received == b"y")
    assert lost.far.received == b""


@pytest.mark.parametrize("act", ["wait", "close", "write"])
async def test_a_connection_that_cannot_be_written_to_ends_and_no_other_feels_it(
    pairs: list[Pair], act: str
) -> None:
    loop = asyncio.get_running_loop()
    seen: list[object] = []
    loop.set_exception_handler(lambda _, context: seen.append(context["exception"]))

    def fail(_: bytes) -> None:
        raise RuntimeError("no")

    broken, other = pairs
    turn_transport(Recorder(broken.near.below, fail), loop).write(b"x")
    other.near.transport.write(b"y")
    if act == "close":
        other.near.transport.close()
    elif act == "write":
        other.near.transport.write(b"z" * LARGE_BYTES)
    await until(lambda: other.far.over if act == "close" else other.far.received.startswith(b"y"))
    assert [str(error) for error in seen] == ["no"]
    await until(lambda: broken.far.over)
    assert other.far.received[:1] == b"y"


class Recorder(asyncio.Transport):
    def __init__(self, below: asyncio.Transport, record: Callable[[bytes], None]) -> None:
        self.below, self.record = below, record

    def is_closing(self) -> bool:
        return self.below.is_closing()

    def abort(self) -> None:
        self.below.abort()

    def write(self, data: object) -> None:
        self.record(bytes(data))  # type: ignore[call-overload]
