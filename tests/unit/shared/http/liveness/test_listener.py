"""Liveness does not wait for the event loop, and says so when that stands still; all else is the loop's."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from typing import Any, cast

import pytest

from shared.http.liveness.heartbeat import NOT_LIVE_AFTER_S
from shared.http.liveness.listener import LivenessListener
from shared.http.liveness.thread import MAX_CONNECTIONS
from tests.support.clock import FakeClock
from tests.support.waiting import BUSY_MACHINE_LIMIT_S

LIVE = b"GET /health/live HTTP/1.1\r\nHost: gateway\r\n\r\n"
OTHER = b"GET /metrics HTTP/1.1\r\nHost: gateway\r\n\r\n"


class Application(asyncio.Protocol):
    """Sends back what it receives."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._transport.write(data)


class Process:
    def __init__(self, port: int, state: dict[str, Any], clock: FakeClock) -> None:
        self.port, self.state, self.clock = port, state, clock

    def connect(self) -> socket.socket:
        """A connection whose use blocks the loop, which then can have no part in what is responded."""
        return socket.create_connection(("127.0.0.1", self.port), BUSY_MACHINE_LIMIT_S)

    def ask(self, connection: socket.socket | None = None) -> tuple[int, str]:
        """Status and body of `/health/live`."""
        used = connection or self.connect()
        try:
            used.sendall(LIVE)
            head, _, body = used.recv(4096).decode().partition("\r\n\r\n")
            return int(head.split()[1]), body
        finally:
            if connection is None:
                used.close()


@pytest.fixture
async def process() -> AsyncIterator[Process]:
    state: dict[str, Any] = {"status": "live"}
    clock = FakeClock()

    def liveness() -> tuple[int, Mapping[str, Any]]:
        return 503 if "failing" in state else 200, state

    server = await asyncio.get_running_loop().create_server(Application, "127.0.0.1", 0, start_serving=False)
    listener = LivenessListener(server, Application, liveness, clock.monotonic)
    yield Process(server.sockets[0].getsockname()[1], state, clock)
    listener.close()


async def test_a_loop_that_is_busy_does_not_hold_it_up(process: Process) -> None:
    with process.connect() as kept:
        assert process.ask(kept) == process.ask(kept) == process.ask() == (200, '{"status":"live"}')


async def test_a_process_whose_loop_stands_still_is_not_live_after_the_stated_time(process: Process) -> None:
    await asyncio.sleep(0)
    process.clock.advance(NOT_LIVE_AFTER_S)
    assert process.ask() == (200, '{"status":"live"}')
    process.clock.advance(0.1)
    assert process.ask() == (503, '{"status":"failing","failing":["event_loop"]}')
    process.state["failing"] = ["change_feed"]
    assert process.ask()[1] == '{"status":"failing","failing":["event_loop","change_feed"]}'


async def test_a_process_with_a_task_that_has_ended_for_good_is_not_live(process: Process) -> None:
    process.state.update(status="failing", failing=["change_feed"])
    assert process.ask() == (503, '{"status":"failing","failing":["change_feed"]}')


async def test_any_other_request_reaches_the_application_as_it_was_sent(process: Process) -> None:
    with process.connect() as connection:
        process.ask(connection)
        connection.setblocking(False)
        loop = asyncio.get_running_loop()
        for data in (OTHER, LIVE, b"\x16\x03\x01"):  # and whatever follows it on its connection
            await loop.sock_sendall(connection, data)
            async with asyncio.timeout(BUSY_MACHINE_LIMIT_S):
                assert await loop.sock_recv(connection, 4096) == data


async def test_more_connections_than_are_kept_beside_the_loop_are_the_loops(process: Process) -> None:
    kept = [process.connect() for _ in range(MAX_CONNECTIONS)]
    assert {process.ask(one)[0] for one in kept} == {200}
    reader, writer = await asyncio.open_connection("127.0.0.1", process.port)
    writer.write(LIVE)
    async with asyncio.timeout(BUSY_MACHINE_LIMIT_S):
        assert await reader.readexactly(len(LIVE)) == LIVE
    writer.close()
    for one in kept:
        one.close()


async def test_a_client_that_leaves_or_sends_nothing_costs_nobody_else_anything(process: Process) -> None:
    with process.connect():
        process.connect().close()
        assert process.ask()[0] == 200


async def test_what_is_kept_is_closed_at_the_end() -> None:
    server = await asyncio.get_running_loop().create_server(Application, "127.0.0.1", 0, start_serving=False)
    listener = LivenessListener(server, Application, lambda: (200, {}))
    address = server.sockets[0].getsockname()
    with socket.create_connection(address, BUSY_MACHINE_LIMIT_S) as kept:
        kept.sendall(LIVE)
        assert kept.recv(4096).startswith(b"HTTP/1.1 200 OK")
        listener.close()
        assert kept.recv(4096) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, BUSY_MACHINE_LIMIT_S)
