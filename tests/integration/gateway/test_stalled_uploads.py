"""An upstream that reads nothing holds back the client that sends to it, from the first bytes on."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator

import pytest

from tests.support.harness.public_server import Public, post, public_server, upstream_at
from tests.support.waiting import until

ETHERNET_SEGMENT_BYTES = 1448
"""With those of the loopback network, the first write would be taken whole."""
BODY_BYTES = 64 * 1024 * 1024
CHUNKED = b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"


@pytest.fixture
async def silent() -> AsyncIterator[socket.socket]:
    """Where connections are accepted, by the system, and nothing is read."""
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, ETHERNET_SEGMENT_BYTES)
        listening.bind(("127.0.0.1", 0))
        listening.listen(5)
        listening.setblocking(False)
        yield listening


def widen(public: Public) -> None:
    """Let whole a body be there with its head, so that it is complete before its upstream's connection is open."""
    assert public.server._listener is not None
    for listening in public.server._listener.sockets:
        with socket.socket(fileno=os.dup(listening.fileno())) as own:
            own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)


async def taken_of_a_body(client: socket.socket) -> int:
    """How many bytes of a body that has begun are taken before no more are."""
    taken, stalled_at = 0, -1
    while stalled_at != taken < BODY_BYTES:
        stalled_at = taken
        for _ in range(50):
            try:
                while taken < BODY_BYTES:
                    taken += client.send(b"x" * 65536)
            except BlockingIOError:
                await asyncio.sleep(0.01)
    return taken


async def test_the_part_of_a_body_that_came_with_its_head_can_hold_back_the_rest(silent: socket.socket) -> None:
    port = silent.getsockname()[1]
    async with public_server(upstream_at(port), max_body=BODY_BYTES) as public:
        client = public.connect(payload=post(BODY_BYTES, content=b"x" * 400_000))
        assert await taken_of_a_body(client) < BODY_BYTES // 2
        client.close()


async def test_a_body_that_an_upstream_has_not_read_though_it_has_responded_can_hold_back_the_next_one(
    silent: socket.socket,
) -> None:
    port, loop = silent.getsockname()[1], asyncio.get_running_loop()
    async with public_server(upstream_at(port), max_body=BODY_BYTES) as public:
        widen(public)
        client = public.connect(payload=post(200_000, content=b"x" * 200_000))
        upstream, _ = await loop.sock_accept(silent)
        assert await loop.sock_recv(upstream, 10) == b"POST /x HT"
        assert public.metric("gateway_bodies_under_way") == 0
        await loop.sock_sendall(upstream, NO_CONTENT)
        assert (await loop.sock_recv(client, 1000)).startswith(b"HTTP/1.1 204")
        await loop.sock_sendall(client, post(BODY_BYTES, content=b"x" * 70_000))
        assert await taken_of_a_body(client) < BODY_BYTES // 2
        client.close()
        upstream.close()


async def test_who_leaves_is_noticed_though_all_of_a_body_came_before_it_could_be_sent_on(
    silent: socket.socket,
) -> None:
    """While the connection to its upstream is being opened no more of a body is taken than a part."""
    port = silent.getsockname()[1]
    async with public_server(upstream_at(port), max_body=BODY_BYTES, response_timeout=600) as public:
        widen(public)
        client = public.connect(payload=CHUNKED + b"3e8\r\n%b\r\n" % (b"x" * 1000) * 180 + b"0\r\n\r\n")
        upstream, _ = await asyncio.get_running_loop().sock_accept(silent)
        assert await asyncio.get_running_loop().sock_recv(upstream, 10) == b"POST /x HT"
        assert public.metric("gateway_open_connections") == 1
        client.close()
        await until(lambda: public.metric("gateway_open_connections") == 0)
        upstream.close()
