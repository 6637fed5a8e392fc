"""An upstream that reads nothing holds back the client that sends to it, from the first bytes on."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from tests.support.harness.public_server import public_server, upstream_at

ETHERNET_SEGMENT_BYTES = 1448
"""With those of the loopback network, the first write would be taken whole."""
BODY_BYTES = 64 * 1024 * 1024


@pytest.fixture
async def silent_port() -> AsyncIterator[int]:
    """Where connections are accepted, by the system, and nothing is read."""
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, ETHERNET_SEGMENT_BYTES)
        listening.bind(("127.0.0.1", 0))
        listening.listen(5)
        yield listening.getsockname()[1]


async def test_the_part_of_a_body_that_came_with_its_head_can_hold_back_the_rest(silent_port: int) -> None:
    sent = 0
    async with public_server(upstream_at(silent_port), max_body=BODY_BYTES) as public:
        _, writer = await asyncio.open_connection("127.0.0.1", public.port)

        async def send() -> None:
            nonlocal sent
            head = f"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: {BODY_BYTES}\r\n\r\n".encode()
            writer.write(head + b"x" * 400_000)
            while sent < BODY_BYTES:
                await writer.drain()
                writer.write(b"x" * 65536)
                sent += 65536

        sending = asyncio.create_task(send())
        stalled_at = -1
        while stalled_at != sent or not sent:
            stalled_at = sent
            await asyncio.sleep(0.5)
        assert sent < BODY_BYTES // 2
        sending.cancel()
        writer.transport.abort()
        await asyncio.gather(sending, return_exceptions=True)
