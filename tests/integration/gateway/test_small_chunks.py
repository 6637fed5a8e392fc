"""A body of chunks of one byte each arrives whole, and other connections have their turn meanwhile."""

from collections import Counter

import pytest

from gateway.http1.body import CHUNKS_AT_A_TIME
from gateway.proxy.client_connection import STEPS_PER_TURN
from gateway.proxy.exchange import Exchange
from tests.support.harness.public_server import public_server, upstream_at
from tests.support.http1.client import converse
from tests.support.http1.upstream import Upstream
from tests.support.turns import counted_turns
from tests.support.waiting import BUSY_MACHINE_LIMIT_S

CHUNKS = 100_000
PAYLOAD = (
    b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * CHUNKS + b"0\r\n\r\n"
)


async def test_a_turn_has_a_part_of_it(upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    came = Counter[int]()
    body_received = Exchange.body_received

    def counted(self: Exchange, content: bytes, *, complete: bool) -> None:
        came[turns.turn] += len(content)
        body_received(self, content, complete=complete)

    monkeypatch.setattr(Exchange, "body_received", counted)
    async with public_server(upstream_at(upstream.port)) as public:
        with counted_turns() as turns:
            conversation = await converse(public.port, PAYLOAD, replies=1, quiet=BUSY_MACHINE_LIMIT_S)
    assert [reply.status for reply in conversation.replies] == [200]
    assert [call.body for call in upstream.calls] == [b"x" * CHUNKS]
    assert max(came.values()) < 2 * STEPS_PER_TURN * CHUNKS_AT_A_TIME
