"""A client that reads nothing holds back the upstream that responds to it, from the first bytes on."""

import asyncio

import pytest

from gateway.http1 import writer as messages
from tests.support.harness.public_server import post, public_server, upstream_at
from tests.support.http1.upstream import Upstream, UpstreamCall
from tests.support.waiting import until

CONTINUE = b"HTTP/1.1 100 Continue\r\nX-Padding: %b\r\n\r\n" % (b"x" * 8 * 1024 * 1024)
"""What is left of the client's buffer otherwise depends on what it has been sent before."""
RESPONSE_BYTES = 64 * 1024 * 1024


async def test_a_client_whose_buffer_is_filled_by_the_leave_to_send_its_body(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "CONTINUE", CONTINUE)
    sent = 0

    async def respond(_: UpstreamCall, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % RESPONSE_BYTES)
        while sent < RESPONSE_BYTES:
            writer.write(b"x" * 65536)
            await writer.drain()
            sent += 65536

    upstream.script = respond
    async with public_server(upstream_at(upstream.port)) as public:
        client = public.connect(payload=post(5, b"Expect: 100-continue"))
        await until(lambda: public.metric("gateway_active_requests") == 1)
        client.sendall(b"hello")
        await until(lambda: upstream.calls)
        stalled_at = -1
        while stalled_at != sent:
            stalled_at = sent
            await asyncio.sleep(0.5)
        assert sent < RESPONSE_BYTES // 2
        client.close()
