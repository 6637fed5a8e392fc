"""Connections over a bound are closed at once and counted, and those within it do not notice."""

import asyncio
import resource
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from gateway.proxy import client_connection
from gateway.proxy.connection_limits import ConnectionLimits
from tests.support.harness.gateway_process import gateway_process
from tests.support.harness.public_server import PROXY, Public, public_server, upstream_at
from tests.support.http1.client import converse
from tests.support.http1.framing_payloads import get
from tests.support.http1.upstream import Upstream
from tests.support.waiting import until

CLOSED_EARLY = "gateway_connections_closed_early_total"


@asynccontextmanager
async def limited(upstream: Upstream, *, connections: int, per_peer: int) -> AsyncIterator[Public]:
    limits = ConnectionLimits(connections=connections, connections_per_peer=per_peer, bodies_per_client=10)
    async with public_server(upstream_at(upstream.port), limits=limits) as public:
        yield public


@contextmanager
def held(connections: list[socket.socket]) -> Iterator[None]:
    try:
        yield
    finally:
        for connection in connections:
            connection.close()


async def received(connection: socket.socket) -> bytes:
    """What the server sends until it ends the connection, or has sent a whole small response."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(10):
            return await loop.sock_recv(connection, 65536)
    except ConnectionError:
        return b""


async def served(public: Public, client: str) -> bool:
    """Whether a request over a new connection of that client gets its response."""
    with public.connect(client) as connection:
        try:
            connection.send(get())
        except ConnectionError:
            return False
        return (await received(connection)).startswith(b"HTTP/1.1 200 ")


async def test_a_peer_over_its_bound_is_closed_at_once_and_others_are_served(upstream: Upstream) -> None:
    async with limited(upstream, connections=100, per_peer=3) as public:
        first = [public.connect() for _ in range(3)]
        with held(first):
            assert [await received(public.connect()) for _ in range(2)] == [b"", b""]
            assert public.metric(CLOSED_EARLY, cause="peer_limit") == 2
            assert await served(public, "127.0.0.2")
            first[0].send(get())
            assert (await received(first[0])).startswith(b"HTTP/1.1 200 ")
        await until(lambda: public.metric("gateway_open_connections") == 0)
        assert await served(public, "127.0.0.1")


async def test_the_clients_behind_a_trusted_proxy_are_not_one_peer(upstream: Upstream) -> None:
    async with limited(upstream, connections=100, per_peer=3) as public:
        with held([public.connect(PROXY) for _ in range(20)]):
            assert await served(public, PROXY)
            assert public.metric("gateway_open_connections") >= 20


async def test_over_the_bound_in_all_idle_connections_make_room_for_new_ones(upstream: Upstream) -> None:
    async with limited(upstream, connections=10, per_peer=5) as public:
        idle = [public.connect(f"127.0.0.{n}") for n in range(1, 11)]
        with held(idle):
            await until(lambda: served(public, "127.0.0.20"))
            assert public.metric(CLOSED_EARLY, cause="idle") >= 1


async def test_over_the_bound_in_all_no_request_under_way_is_cut(upstream: Upstream) -> None:
    began = get()[:-2]
    async with limited(upstream, connections=10, per_peer=10) as public:
        busy = [public.connect(f"127.0.0.{n}", began) for n in range(1, 11)]
        with held(busy):
            await until(lambda: public.metric("gateway_open_connections") == 10)
            assert not await served(public, "127.0.0.20")
            assert public.metric(CLOSED_EARLY, cause="limit") >= 1
            for connection in busy:
                connection.send(b"\r\n")
            assert all([(await received(c)).startswith(b"HTTP/1.1 200 ") for c in busy])


@pytest.mark.parametrize("payload", [b"", b"\r\n"])
async def test_a_connection_that_never_sends_a_request_ends(
    payload: bytes, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_connection, "HEAD_TIMEOUT_S", 0.1)
    async with limited(upstream, connections=100, per_peer=100) as public:
        with public.connect(payload=payload) as connection:
            assert await received(connection) == b""
        await until(lambda: public.metric("gateway_open_connections") == 0)


async def test_more_idle_connections_than_the_soft_limit_on_descriptors_disturb_nobody(
    upstream: Upstream, service_secrets: Path, tmp_path: Path
) -> None:
    with soft_descriptor_limit(1024):
        starting = gateway_process(tmp_path, service_secrets, upstream.port)
        gateway = await starting.__aenter__()
    try:
        idle = [socket.create_connection(("127.0.0.1", gateway.port)) for _ in range(1200)]
        with held(idle):
            for _ in range(20):
                conversation = await converse(gateway.port, get(), replies=1)
                assert [reply.status for reply in conversation.replies] == [200]
    finally:
        await starting.__aexit__(None, None, None)


@contextmanager
def soft_descriptor_limit(descriptors: int) -> Iterator[None]:
    """For processes that are started meanwhile."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
