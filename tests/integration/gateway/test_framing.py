"""No bytes put a second or an altered request upstream."""

import asyncio

import pytest

from tests.support.harness.gateway_process import GatewayProcess
from tests.support.http1.client import converse
from tests.support.http1.framing_payloads import BODY, FORWARDED, REFUSED, SMUGGLED, chunked, get, head
from tests.support.http1.upstream import Upstream, assert_canonical

AFTER = get(b"GET /echo/after HTTP/1.1")


@pytest.mark.parametrize("name", REFUSED)
async def test_an_ambiguous_request_is_refused_and_nothing_of_it_is_forwarded(
    name: str, gateway: GatewayProcess, upstream: Upstream
) -> None:
    conversation = await converse(gateway.port, REFUSED[name] + AFTER)
    assert conversation.closed, "the connection goes on"
    replies = conversation.replies
    assert len(replies) == 1
    assert 400 <= replies[0].status < 500
    assert replies[0].values("content-type") == ["application/problem+json"]
    assert replies[0].values("connection") == ["close"]
    assert len(replies[0].body) < 500
    assert upstream.calls == []


@pytest.mark.parametrize("name", FORWARDED)
async def test_a_sound_request_is_forwarded_once_in_its_canonical_form(
    name: str, gateway: GatewayProcess, upstream: Upstream
) -> None:
    payload, body = FORWARDED[name]
    conversation = await converse(gateway.port, payload, replies=1)
    assert [reply.status for reply in conversation.replies] == [200]
    assert [call.body for call in upstream.calls] == [body]
    assert_canonical(upstream.calls[0])
    assert upstream.calls[0].complete
    assert upstream.calls[0].values("x-gone") == []


@pytest.mark.parametrize("name", FORWARDED)
async def test_a_request_sent_byte_by_byte_is_the_same_request(
    name: str, gateway: GatewayProcess, upstream: Upstream
) -> None:
    payload, body = FORWARDED[name]
    pieces = [payload[index : index + 1] for index in range(len(payload))]
    conversation = await converse(gateway.port, *pieces, replies=1, pause=0)
    assert [reply.status for reply in conversation.replies] == [200]
    assert [(call.body, call.complete) for call in upstream.calls] == [(body, True)]


async def test_a_pipelined_request_is_checked_like_the_first(gateway: GatewayProcess, upstream: Upstream) -> None:
    first = head(b"Content-Length: 5") + BODY
    conversation = await converse(gateway.port, first + head(b"Content-Length: 5, 5") + SMUGGLED)
    assert [reply.status for reply in conversation.replies] == [200, 400]
    assert conversation.closed
    assert [call.target for call in upstream.calls] == ["/echo"]


async def test_pipelined_requests_get_their_responses_in_order(gateway: GatewayProcess, upstream: Upstream) -> None:
    payload = b"".join(get(b"GET /echo/%d HTTP/1.1" % number) for number in range(100))
    conversation = await converse(gateway.port, payload, replies=100)
    assert [reply.status for reply in conversation.replies] == [200] * 100
    assert [call.target for call in upstream.calls] == [f"/echo/{number}" for number in range(100)]


async def test_pipelined_requests_with_bodies_keep_them_apart(gateway: GatewayProcess, upstream: Upstream) -> None:
    one = chunked(b"3\r\none\r\n0\r\n\r\n")
    two = head(b"Content-Length: 3") + b"two"
    conversation = await converse(gateway.port, (one + two) * 20, replies=40)
    assert [reply.status for reply in conversation.replies] == [200] * 40
    assert [call.body for call in upstream.calls] == [b"one", b"two"] * 20


async def test_a_body_that_breaks_late_never_looks_whole_upstream(
    gateway: GatewayProcess, upstream: Upstream
) -> None:
    large = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    conversation = await converse(gateway.port, chunked(large), large, b"xyz\r\n")
    assert [reply.status for reply in conversation.replies] == [400]
    assert conversation.closed
    await asyncio.sleep(0.05)
    assert [call.complete for call in upstream.calls] == [False]


async def test_of_a_small_body_that_breaks_nothing_goes_upstream(
    gateway: GatewayProcess, upstream: Upstream
) -> None:
    conversation = await converse(gateway.port, chunked(b"5\r\nhello\r\n"), b"5\r\nhello\r\n", b"xyz\r\n")
    assert [reply.status for reply in conversation.replies] == [400]
    assert conversation.closed
    assert upstream.calls == []


async def test_a_client_that_leaves_in_mid_body_never_looks_whole_upstream(
    gateway: GatewayProcess, upstream: Upstream
) -> None:
    body = b"x" * 65536
    for payload in (head(b"Content-Length: 100000") + body, chunked(b"10000\r\n" + body + b"\r\n")):
        await converse(gateway.port, payload, quiet=0.1)
    await asyncio.sleep(0.1)
    assert [call.complete for call in upstream.calls] == [False, False]
    for payload in (head(b"Content-Length: 10") + b"hello", chunked(b"5\r\nhello\r\n")):
        await converse(gateway.port, payload, quiet=0.1)
    assert len(upstream.calls) == 2, "a small body goes upstream when it is complete"


async def test_a_body_of_a_megabyte_arrives_whole_both_ways(gateway: GatewayProcess, upstream: Upstream) -> None:
    body = bytes(range(256)) * 4000
    upstream.response = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    pieces = [body[start : start + 70_001] for start in range(0, len(body), 70_001)]
    for payload in (
        [head(b"Content-Length: %d" % len(body)), *pieces],
        [chunked(b""), *(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces), b"0\r\n\r\n"],
    ):
        conversation = await converse(gateway.port, *payload, replies=1, pause=0.001)
        assert [(reply.status, reply.body == body) for reply in conversation.replies] == [(200, True)]
    assert [call.body == body for call in upstream.calls] == [True, True]
