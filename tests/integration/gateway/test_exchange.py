"""The times of one exchange: connecting has its own, and the response's begins with the request's last byte."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvloop

from tests.support.harness.public_server import Public, post, public_server, upstream_at
from tests.support.http1.client import Conversation, converse
from tests.support.http1.framing_payloads import get
from tests.support.http1.upstream import OK, Upstream, UpstreamCall
from tests.support.waiting import until

LONG = 60.0
"""Seconds that would end the test."""


@asynccontextmanager
async def slow_to_connect(
    seconds: float, upstream: Upstream, monkeypatch: pytest.MonkeyPatch, *, connect_timeout: float, **route: Any
) -> AsyncIterator[Public]:
    """A server for whose upstream it takes so long to open a connection."""
    connect = uvloop.Loop.create_connection

    async def connect_late(self: Any, *arguments: Any, **options: Any) -> Any:
        if len(arguments) > 2 and arguments[2] == upstream.port:
            await asyncio.sleep(seconds)
        return await connect(self, *arguments, **options)

    target = upstream_at(upstream.port, connect_timeout=connect_timeout)
    async with public_server(target, **route) as public:
        monkeypatch.setattr(uvloop.Loop, "create_connection", connect_late)
        yield public


def responding_after(seconds: float) -> Any:
    async def script(_: UpstreamCall, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(seconds)
        writer.write(OK)

    return script


async def silent(_: UpstreamCall, reader: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
    """Never responds, until the gateway gives up."""
    await reader.read()


async def send_call(public: Public, *payloads: bytes, pause: float = 0.0) -> Conversation:
    return await converse(public.port, *payloads, replies=1, quiet=10, pause=pause)


async def test_the_time_to_connect_is_not_taken_from_the_response(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    upstream.script = responding_after(0.3)
    async with slow_to_connect(0.9, upstream, monkeypatch, connect_timeout=LONG, response_timeout=1.0) as public:
        conversation = await send_call(public, get())
    assert [reply.status for reply in conversation.replies] == [200]


async def test_the_time_to_connect_does_not_prolong_the_responses(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    upstream.script = silent
    async with slow_to_connect(0.0, upstream, monkeypatch, connect_timeout=LONG, response_timeout=0.1) as public:
        conversation = await send_call(public, get())
    assert [reply.status for reply in conversation.replies] == [504]


async def test_connecting_has_a_limit_of_its_own(upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    async with slow_to_connect(LONG, upstream, monkeypatch, connect_timeout=0.1, response_timeout=LONG) as public:
        conversation = await send_call(public, get())
        labels = {"route": "all", "upstream": "upstream", "status": "503", "cause": "connect_timeout"}
        assert public.metric("gateway_upstream_failures_total", **labels) == 1
    assert [reply.status for reply in conversation.replies] == [503]


@pytest.mark.parametrize("length", [1000, 100_000])
async def test_the_time_that_a_client_takes_to_send_is_not_taken_from_the_response(
    length: int, upstream: Upstream
) -> None:
    """Be the body collected or streamed."""
    pieces = (length // 2) * b"a", (length - length // 2) * b"a"
    async with public_server(upstream_at(upstream.port), response_timeout=0.5) as public:
        conversation = await send_call(public, post(length), *pieces, pause=0.4)
    assert [reply.status for reply in conversation.replies] == [200]


async def test_the_wait_for_a_connection_in_use_is_bounded(upstream: Upstream) -> None:
    upstream.script = silent
    async with public_server(upstream_at(upstream.port, connections=1)) as public:
        first = public.connect(payload=get())
        while not upstream.calls:
            await asyncio.sleep(0.01)
        conversation = await send_call(public, get())
        first.close()
    (reply,) = conversation.replies
    assert (reply.status, reply.values("retry-after")) == (503, ["1"])
    assert b'"code":"overloaded"' in reply.body


@pytest.fixture
async def deaf_upstream() -> AsyncIterator[int]:
    """The port of one that takes no more than a little of a request, and never responds."""
    over = asyncio.Event()

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await over.wait()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    over.set()
    server.close()


LARGE_BODY = post(32 * 1024 * 1024, content=b"a" * 24 * 1024 * 1024)
"""More than all buffers on the way hold. Its end would be seen after the bytes before it, a reset at once."""


@pytest.mark.parametrize(
    ("payload", "reset"),
    [(LARGE_BODY, True), (get() * 4000, True), (get() * 4000, False)],
    ids=["body and reset", "requests ahead and reset", "requests ahead and end"],
)
async def test_a_client_that_leaves_while_nothing_is_read_from_it_is_noticed(
    payload: bytes, reset: bool, deaf_upstream: int
) -> None:
    target = upstream_at(deaf_upstream)
    async with public_server(target, response_timeout=LONG, max_body=len(payload) * 2) as public:
        client = public.connect()
        sending = asyncio.create_task(asyncio.get_running_loop().sock_sendall(client, payload))
        await until(lambda: public.metric("gateway_active_requests") == 1)
        await asyncio.wait([sending], timeout=0.3)
        sending.cancel()
        assert public.metric("gateway_active_requests") == 1
        if reset:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
        await until(lambda: public.metric("gateway_active_requests") == 0)


@pytest.mark.parametrize("method", [b"POST", b"GET"])
async def test_a_late_response_is_not_requested_again(method: bytes, upstream: Upstream) -> None:
    upstream.script = silent
    async with public_server(upstream_at(upstream.port), response_timeout=0.1, retry=True) as public:
        conversation = await send_call(public, get(method + b" /x HTTP/1.1"))
    assert [reply.status for reply in conversation.replies] == [504]
    assert len(upstream.calls) == 1
