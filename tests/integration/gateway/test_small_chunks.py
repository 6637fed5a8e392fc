"""A body of chunks of one byte each arrives whole, and other connections have their turn meanwhile."""

import asyncio
from collections import Counter

import pytest

from gateway.http1.body import CHUNKS_AT_A_TIME
from gateway.proxy.client_connection import STEPS_PER_TURN
from gateway.proxy.exchange import Exchange
from tests.support.harness.public_server import public_server, upstream_at
from tests.support.http1.client import converse
from tests.support.http1.upstream import Upstream

CHUNKS = 100_000
PAYLOAD = (
    b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * CHUNKS + b"0\r\n\r\n"
)


async def test_a_turn_has_a_part_of_it(upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    loop, turn, came = asyncio.get_running_loop(), 0, Counter[int]()
    counting: asyncio.Handle | None = None
    body_received = Exchange.body_received

    def counted(self: Exchange, content: bytes, *, complete: bool) -> None:
        came[turn] += len(content)
        body_received(self, content, complete=complete)

    def count() -> None:
        nonlocal turn, counting
        turn += 1
        counting = loop.call_soon(count)

    monkeypatch.setattr(Exchange, "body_received", counted)
    async with public_server(upstream_at(upstream.port)) as public:
        count()
        conversation = await converse(public.port, PAYLOAD, replies=1)
        assert counting is not None
        counting.cancel()
    assert [reply.status for reply in conversation.replies] == [200]
    assert [call.body for call in upstream.calls] == [b"x" * CHUNKS]
    assert max(came.values()) < 2 * STEPS_PER_TURN * CHUNKS_AT_A_TIME
