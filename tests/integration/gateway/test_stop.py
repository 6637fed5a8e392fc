"""A listener that stops cuts no call: neither one under way, nor the next on a connection that was idle."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from gateway.proxy.sockets import accept_pending, drop_new_connections
from tests.support.harness.public_server import Public, public_server, upstream_at
from tests.support.http1.client import Reply, parse_replies
from tests.support.http1.framing_payloads import get
from tests.support.http1.upstream import OK, Upstream, UpstreamCall
from tests.support.waiting import until


class Client:
    """A connection that is kept between requests."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def of(cls, public: Public) -> "Client":
        return cls(*await asyncio.open_connection("127.0.0.1", public.port))

    def send(self, payload: bytes) -> None:
        self._writer.write(payload)

    async def response(self) -> Reply:
        head = await asyncio.wait_for(self._reader.readuntil(b"\r\n\r\n"), 10)
        (reply,) = parse_replies(head)
        reply.body = await self._reader.readexactly(int(reply.values("content-length")[0]))
        return reply

    async def ended(self) -> bool:
        ended = await asyncio.wait_for(self._reader.read(), 10) == b""
        self._writer.close()
        return ended


@pytest.fixture
async def public(upstream: Upstream) -> AsyncIterator[Public]:
    async with public_server(upstream_at(upstream.port), grace=10.0) as running:
        yield running


@asynccontextmanager
async def stopping(public: Public) -> AsyncIterator[None]:
    """While the server stops, which must come to an end."""
    stop = asyncio.create_task(public.server.stop())
    await until(lambda: public.server.draining)
    yield
    await asyncio.wait_for(stop, 15)


def closes(reply: Reply) -> bool:
    return (reply.status, reply.values("connection")) == (200, ["close"])


async def test_a_response_under_way_comes_with_connection_close(public: Public, upstream: Upstream) -> None:
    release = asyncio.Event()

    async def held(_: UpstreamCall, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await release.wait()
        writer.write(OK)

    upstream.script = held
    client = await Client.of(public)
    client.send(get())
    await until(lambda: upstream.calls)
    async with stopping(public):
        release.set()
        assert closes(await client.response())
        assert await client.ended()


async def test_an_idle_connection_may_send_one_more_request(public: Public) -> None:
    used, new = await Client.of(public), await Client.of(public)
    used.send(get())
    assert not closes(await used.response())
    async with stopping(public):
        for client in (used, new):
            client.send(get())
            assert closes(await client.response())
            assert await client.ended()


async def test_a_request_that_has_begun_to_arrive_is_served(public: Public) -> None:
    client = await Client.of(public)
    client.send(get()[:10])
    await asyncio.sleep(0.05)
    async with stopping(public):
        await asyncio.sleep(0.6)  # longer than an idle connection is kept now
        client.send(get()[10:])
        assert closes(await client.response())


async def test_a_request_that_arrives_while_this_process_is_late_is_served(public: Public) -> None:
    client = await Client.of(public)
    await until(lambda: public.metric("gateway_open_connections") == 1)
    async with stopping(public):
        client.send(get())
        time.sleep(0.8)  # as long as an idle connection is kept now, and longer
        assert closes(await client.response())


async def test_a_connection_that_stays_idle_is_closed_without_a_word(public: Public) -> None:
    client = await Client.of(public)
    async with stopping(public):
        assert await client.ended()


async def test_after_a_response_that_kept_the_connection_the_next_request_is_served(
    public: Public, upstream: Upstream
) -> None:
    """The response's head was sent before the stop, so its client may be sending already."""
    release = asyncio.Event()

    async def in_two_pieces(_: UpstreamCall, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK[:-1])
        await release.wait()
        writer.write(OK[-1:])

    upstream.script = in_two_pieces
    client = await Client.of(public)
    client.send(get())
    await until(lambda: public.metric("gateway_upstream_duration_seconds_count", route="all", upstream="upstream"))
    async with stopping(public):
        upstream.script = None
        release.set()
        assert not closes(await client.response())
        client.send(get())
        assert closes(await client.response())


async def test_a_connection_that_was_not_accepted_yet_is_served() -> None:
    async def greet(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None: ...

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(3)]
    accepted = accept_pending(server)
    server.close()
    assert len(accepted) == 3
    for number, (client, connection) in enumerate(zip(clients, accepted, strict=True)):
        connection.send(b"%d" % number)
        assert client.recv(1) == b"%d" % number
        client.close()
        connection.close()


async def test_who_begins_to_connect_as_the_listener_closes_is_refused_and_not_cut() -> None:
    async def greet(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None: ...

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    drop_new_connections(server)
    connecting = asyncio.create_task(asyncio.open_connection("127.0.0.1", port))
    await asyncio.sleep(0.05)
    assert not connecting.done()
    assert accept_pending(server) == []
    server.close()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.wait_for(connecting, 10)
