"""Connections are bounded, and those who wait for one are served in their order, within their own time."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from shared.errors import Unavailable
from shared.http.calls import pool
from shared.http.calls.connection import CallConnection
from shared.http.calls.peer import Peer
from shared.http.calls.pool import CallPool, PoolClosed
from shared.http.client import ServiceClient
from tests.support.http1.upstream import OK, Upstream, UpstreamCall
from tests.support.waiting import BUSY_MACHINE_LIMIT_S, until
from tests.unit.shared.http.calls.conftest import MakeClient


class Gate:
    """A script that responds once it is open."""

    def __init__(self) -> None:
        self.open = asyncio.Event()

    async def __call__(
        self, call: UpstreamCall, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await self.open.wait()
        writer.write(OK)


@pytest.fixture
async def gate(callee: Upstream) -> AsyncIterator[Gate]:
    callee.script = gate = Gate()
    yield gate
    gate.open.set()


def getting(client: ServiceClient, count: int) -> list["asyncio.Task[object]"]:
    return [asyncio.create_task(client.get(f"/{number}")) for number in range(count)]


async def test_there_are_no_more_connections_than_the_limit(
    callee: Upstream, gate: Gate, make_client: MakeClient
) -> None:
    calls = getting(await make_client(connections=3), 12)
    await until(lambda: len(callee.calls) == 3)
    assert callee.open == 3
    gate.open.set()
    assert await asyncio.gather(*calls) == [{"ok": True}] * 12
    assert len(callee.raw) == 3


async def test_those_who_wait_are_served_in_their_order(
    callee: Upstream, gate: Gate, make_client: MakeClient
) -> None:
    calls = getting(await make_client(connections=1), 9)
    await until(lambda: len(callee.calls) == 1)
    gate.open.set()
    await asyncio.gather(*calls)
    assert [call.target for call in callee.calls] == [f"/{number}" for number in range(9)]


async def test_nobody_overtakes_who_waits(callee: Upstream, gate: Gate, make_client: MakeClient) -> None:
    client = await make_client(connections=1)
    first, waiting = getting(client, 2)
    await until(lambda: len(callee.calls) == 1)
    gate.open.set()
    await first  # and `waiting` has been given the connection, but has not run
    await client.get("/late")
    await waiting
    assert [call.target for call in callee.calls] == ["/0", "/1", "/late"]


async def test_waiting_for_a_connection_is_part_of_the_time(
    callee: Upstream, gate: Gate, make_client: MakeClient
) -> None:
    client = await make_client(connections=1)
    first = asyncio.create_task(client.fetch("/1", timeout_s=BUSY_MACHINE_LIMIT_S))
    await until(lambda: len(callee.calls) == 1)
    with pytest.raises(Unavailable) as raised:
        await client.fetch("/2", timeout_s=0.05)
    assert raised.value.detail.endswith(": no response in time")
    gate.open.set()
    await first
    assert [call.target for call in callee.calls] == ["/1"]


async def test_connecting_is_part_of_the_time(make_client: MakeClient) -> None:
    """Here with a callee that takes the connection and then says nothing to TLS."""
    accepted: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda _, writer: accepted.append(writer), "127.0.0.1", 0)
    async with server:
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        client = await make_client(url, timeout=0.05, connections=1)
        for _ in range(2):  # the second has the place of the first
            with pytest.raises(Unavailable) as raised:
                await client.get("/")
            assert raised.value.detail == f"GET {url}: no response in time"
        await until(lambda: len(accepted) == 2)


async def test_one_that_stops_waiting_takes_no_connection_along(
    callee: Upstream, gate: Gate, make_client: MakeClient
) -> None:
    client = await make_client(connections=1)
    first, leaving, last = getting(client, 3)
    await until(lambda: len(callee.calls) == 1)
    leaving.cancel()
    gate.open.set()
    assert [await first, await last] == [{"ok": True}] * 2
    assert [call.target for call in callee.calls] == ["/0", "/2"]


async def test_one_that_leaves_when_it_has_been_given_a_connection_leaves_it_to_the_next(
    callee: Upstream, gate: Gate, make_client: MakeClient
) -> None:
    client = await make_client(connections=1)
    first, leaving, last = getting(client, 3)
    first.add_done_callback(lambda _: leaving.cancel())
    await until(lambda: len(callee.calls) == 1)
    gate.open.set()
    assert [await first, await last] == [{"ok": True}] * 2
    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert await client.get("/3") == {"ok": True}


async def test_those_who_wait_get_the_place_of_a_connection_that_ended(
    callee: Upstream, make_client: MakeClient
) -> None:
    callee.response = OK.replace(b"200 OK\r\n", b"200 OK\r\nConnection: close\r\n")
    client = await make_client(connections=2)
    assert await asyncio.gather(*getting(client, 9)) == [{"ok": True}] * 9
    await until(lambda: callee.open == 0)
    assert len(callee.raw) == 9


async def test_calls_that_fail_leave_their_places(callee: Upstream, gate: Gate, make_client: MakeClient) -> None:
    client = await make_client(timeout=0.05, connections=2)
    for outcome in await asyncio.gather(*getting(client, 6), return_exceptions=True):
        assert isinstance(outcome, Unavailable)
    gate.open.set()
    await until(lambda: callee.open == 0)
    callee.script = None
    for _ in range(3):
        fetched = [client.fetch("/", timeout_s=BUSY_MACHINE_LIMIT_S) for _ in range(2)]
        assert await asyncio.gather(*fetched) == [b'{"ok":true}'] * 2


async def test_a_callee_that_is_away_is_unavailable_and_comes_back(make_client: MakeClient) -> None:
    callee = Upstream()
    server = await asyncio.start_server(callee.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    client = await make_client(f"http://127.0.0.1:{port}", connections=1)
    for _ in range(3):
        with pytest.raises(Unavailable) as raised:
            await client.get("/")
        assert raised.value.detail == f"GET http://127.0.0.1:{port}: connection refused"
    async with await asyncio.start_server(callee.serve, "127.0.0.1", port):
        assert await client.get("/") == {"ok": True}
        await client.stop()


async def test_an_idle_connection_ends_and_one_in_use_does_not(
    callee: Upstream, gate: Gate, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "KEEPALIVE_S", 0.05)
    client = await make_client()
    call = asyncio.create_task(client.get("/"))
    await until(lambda: len(callee.calls) == 1)
    await asyncio.sleep(0.15)
    assert callee.open == 1
    gate.open.set()
    assert await call == {"ok": True}
    await until(lambda: callee.open == 0)
    assert await client.get("/") == {"ok": True}


async def test_the_connection_used_last_is_used_next_so_that_the_others_can_end(
    callee: Upstream, make_client: MakeClient
) -> None:
    client = await make_client()
    await asyncio.gather(*getting(client, 3))
    connections = len(callee.raw)
    before = [len(raw) for raw in callee.raw]
    for _ in range(5):
        await client.get("/x")
    assert sum(len(raw) > size for raw, size in zip(callee.raw, before, strict=True)) == 1
    assert len(callee.raw) == connections


# Stopping


async def test_stopping_ends_calls_under_way_and_those_that_wait(
    callee: Upstream, gate: Gate, make_client: MakeClient
) -> None:
    client = await make_client(connections=1)
    calls = getting(client, 3)
    await until(lambda: len(callee.calls) == 1)
    await client.stop()
    for outcome in await asyncio.gather(*calls, return_exceptions=True):
        assert isinstance(outcome, Unavailable)
    gate.open.set()
    await until(lambda: callee.open == 0)
    assert len(callee.calls) == 1


async def test_stopping_ends_an_attempt_to_connect(make_client: MakeClient) -> None:
    accepted: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda _, writer: accepted.append(writer), "127.0.0.1", 0)
    async with server:
        client = await make_client(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        call = asyncio.create_task(client.get("/"))
        await until(lambda: accepted)
        await client.stop()
        with pytest.raises(Unavailable):
            await call


async def test_who_has_been_given_a_place_when_the_pool_closes_connects_no_more(callee: Upstream) -> None:
    calls = CallPool(Peer(f"http://127.0.0.1:{callee.port}"), 1, 1000)
    deadline = calls.time() + BUSY_MACHINE_LIMIT_S
    connection = await calls.take(deadline)
    waiting = asyncio.create_task(calls.take(deadline))
    closing: list[asyncio.Task[None]] = []
    give_place = connection.lost
    assert give_place is not None

    def lost(ended: CallConnection) -> None:
        closing.append(asyncio.create_task(calls.close()))  # it begins before `waiting` runs
        give_place(ended)

    connection.lost = lost
    await until(lambda: callee.open == 1)
    connection.abort()
    with pytest.raises(PoolClosed):
        await waiting
    await closing[0]
    assert len(callee.raw) == 1


async def test_a_client_that_is_stopped_or_not_started_calls_nobody(callee: Upstream) -> None:
    client = ServiceClient(f"http://127.0.0.1:{callee.port}")
    await client.stop()
    with pytest.raises(Unavailable):
        await client.get("/")
    await client.start()
    await client.get("/")
    await client.stop()
    await client.stop()
    with pytest.raises(Unavailable) as raised:
        await client.get("/")
    assert raised.value.detail.endswith(": the client is closed")
    assert len(callee.calls) == 1
