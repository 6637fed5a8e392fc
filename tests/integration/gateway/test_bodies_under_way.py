"""Slow bodies hold no upstream connection, and harm nobody who sends at a usual pace, however many they are."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.proxy.connection_limits import ConnectionLimits
from tests.support.harness.public_server import AMPLE, PROXY, Public, post, public_server, upstream_at
from tests.support.http1.client import Conversation, converse, parse_replies
from tests.support.http1.framing_payloads import get
from tests.support.http1.upstream import Upstream
from tests.support.waiting import until

SLOW_BODY_BYTES = 5000
SLOW_CONNECTIONS = 260
GOOD_CALLS = 30
BODY = b"grant_type=client_credentials"
LARGE = 100_000
"""More than is collected before it is streamed."""
MORE_THAN_SMALL = 70_000


@asynccontextmanager
async def attacked(
    upstream: Upstream, *payloads: bytes, connections: int, per_client: int = AMPLE.bodies_per_client
) -> AsyncIterator[tuple[Public, list[socket.socket]]]:
    """A server with as many slow connections as `payloads`, each of which has sent its payload and waits."""
    limits = ConnectionLimits(AMPLE.connections, AMPLE.connections_per_peer, per_client)
    async with public_server(upstream_at(upstream.port, connections=connections), limits=limits) as public:
        slow = [public.connect(payload=payload) for payload in payloads]
        try:
            expected = min(len(slow), per_client)
            await until(lambda: public.metric("gateway_bodies_under_way") == expected)
            yield public, slow
        finally:
            for connection in slow:
                connection.close()


async def send_good_call(public: Public) -> Conversation:
    """One whose body comes after its head, as many libraries send it."""
    return await converse(public.port, post(len(BODY)), BODY, replies=1, pause=0.005)


def statuses(conversations: list[Conversation]) -> list[int]:
    return [reply.status for conversation in conversations for reply in conversation.replies]


async def test_slow_small_bodies_hold_no_upstream_connection(upstream: Upstream) -> None:
    slow = [post(SLOW_BODY_BYTES, content=b"a")] * SLOW_CONNECTIONS
    async with attacked(upstream, *slow, connections=2) as (public, connections):
        for connection in connections:
            connection.send(b"b")
        good = [await send_good_call(public) for _ in range(GOOD_CALLS)]
        assert statuses(good) == [200] * GOOD_CALLS
    assert {call.body for call in upstream.calls} == {BODY}


async def test_of_one_client_the_slowest_bodies_get_429_and_its_good_calls_200(upstream: Upstream) -> None:
    slow = [post(SLOW_BODY_BYTES, content=b"a")] * SLOW_CONNECTIONS
    async with attacked(upstream, *slow, connections=2, per_client=100) as (public, connections):
        labels = {"route": "all", "cause": "bodies_under_way"}
        shed = SLOW_CONNECTIONS - 100
        await until(lambda: public.metric("gateway_refusals_total", **labels) == shed)
        good = [await send_good_call(public) for _ in range(GOOD_CALLS)]
        assert statuses(good) == [200] * GOOD_CALLS
        (refused,) = parse_replies(connections[0].recv(65536))
        assert (refused.status, refused.values("retry-after")) == (429, ["1"])
        assert b'"code":"too_many_requests"' in refused.body
        assert refused.values("connection") == ["close"]


async def test_slow_large_bodies_leave_connections_to_those_who_are_here_as_a_whole(upstream: Upstream) -> None:
    slow = [post(LARGE, content=b"a" * MORE_THAN_SMALL)] * 20
    async with public_server(upstream_at(upstream.port, connections=8)) as public:
        connections = [public.connect() for _ in slow]
        for connection, payload in zip(connections, slow, strict=True):
            await asyncio.get_running_loop().sock_sendall(connection, payload)
        await until(lambda: public.metric("gateway_bodies_under_way") == 4)
        good = [await converse(public.port, get(), replies=1) for _ in range(GOOD_CALLS)]
        assert statuses(good) == [200] * GOOD_CALLS
        shed = [reply for c in connections for reply in parse_replies(_received(c))]
        assert [reply.status for reply in shed] == [503] * 16
        assert all(reply.values("retry-after") == ["1"] and b"overloaded" in reply.body for reply in shed)
        for connection in connections:
            connection.close()
        await until(lambda: public.metric("gateway_bodies_under_way") == 0)


async def test_the_clients_behind_a_trusted_proxy_are_counted_one_by_one(upstream: Upstream) -> None:
    def slow(client: bytes) -> bytes:
        return post(SLOW_BODY_BYTES, b"X-Forwarded-For: " + client, content=b"a")

    limits = ConnectionLimits(AMPLE.connections, AMPLE.connections_per_peer, bodies_per_client=5)
    async with public_server(upstream_at(upstream.port), limits=limits) as public:
        patient = public.connect(PROXY, slow(b"192.0.2.1"))
        await until(lambda: public.metric("gateway_bodies_under_way") == 1)
        many = [public.connect(PROXY, slow(b"192.0.2.2")) for _ in range(20)]
        await until(lambda: public.metric("gateway_refusals_total", route="all", cause="bodies_under_way") == 15)
        assert public.metric("gateway_bodies_under_way") == 6
        patient.send(b"a" * (SLOW_BODY_BYTES - 1))
        response = await asyncio.get_running_loop().sock_recv(patient, 65536)
        assert response.startswith(b"HTTP/1.1 200 ")
        for connection in (patient, *many):
            connection.close()


def _received(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65536)
    except OSError:
        return b""
