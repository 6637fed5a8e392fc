"""Who closes their side gets what is there for them by then, and who does not is still listened to."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.edge.certificate import load_certificate
from tests.support.harness.certificates import write_certificate
from tests.support.harness.public_server import Public, public_server, upstream_at
from tests.support.harness.tls_wire import tls_wire
from tests.support.http1.client import parse_replies
from tests.support.http1.upstream import Upstream, UpstreamCall
from tests.support.http1.websockets import accepting, handshake
from tests.support.waiting import until

REFUSED = b"GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n"
"""With a response at once, after which the connection would go on."""
BROKEN = b"\x17\x03\x03\x00\x20" + b"x" * 32
"""A record of TLS that nobody has encrypted."""


@pytest.fixture
async def plain(upstream: Upstream) -> AsyncIterator[Public]:
    async with public_server(upstream_at(upstream.port), path="/here", prefix=False) as public:
        yield public


@pytest.fixture
def context(tmp_path: Path) -> ssl.SSLContext:
    files = write_certificate(tmp_path)
    return load_certificate(files.certificate, files.key).context


@pytest.fixture
async def secure(upstream: Upstream, context: ssl.SSLContext) -> AsyncIterator[Public]:
    async with public_server(upstream_at(upstream.port), path="/here", prefix=False, tls=context) as public:
        yield public


def statuses(raw: bytes) -> list[int]:
    return [reply.status for reply in parse_replies(raw)]


@pytest.mark.parametrize("requests", [1, 3, 100])
async def test_a_refusal_is_received_by_who_has_closed_their_side(plain: Public, requests: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", plain.port)
    writer.write(REFUSED * requests)
    writer.write_eof()
    async with asyncio.timeout(20):
        assert statuses(await reader.read()) == [404] * requests
    writer.close()


@pytest.mark.parametrize("requests", [1, 100])
@pytest.mark.parametrize("ending", ["alert", "alert and end", "end"])
async def test_over_tls_too_by_an_alert_or_without(secure: Public, ending: str, requests: int) -> None:
    """The requests and what ends the client's side come in one piece."""
    async with tls_wire(secure.port) as client:
        client.writer.write(client.sealed(REFUSED * requests) + (client.goodbye() if "alert" in ending else b""))
        if "end" in ending:
            client.writer.write_eof()
        assert statuses(await client.receive_all()) == [404] * requests


async def test_what_comes_before_a_broken_record_has_its_response_before_the_alert(secure: Public) -> None:
    async with tls_wire(secure.port) as client:
        client.writer.write(client.sealed(REFUSED) + client.sealed(REFUSED) + BROKEN)
        received = await client.receive()
        with pytest.raises(ssl.SSLError, match=r"(?i)alert.bad.record.mac"):
            while True:
                received += await client.receive()
        assert statuses(received) == [404, 404]


async def test_over_tls_an_upstream_that_has_ended_its_half_of_a_tunnel_is_still_sent_to(
    upstream: Upstream, context: ssl.SSLContext
) -> None:
    received: list[bytes] = []

    async def tunnel(_: UpstreamCall, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"the last of the upstream")
        writer.write_eof()
        received.append(await reader.read())

    upstream.script = accepting(tunnel)
    async with public_server(upstream_at(upstream.port), websocket=True, tls=context) as public:
        async with tls_wire(public.port) as client:
            client.writer.write(client.sealed(handshake()))
            assert (await client.receive_all()).endswith(b"the last of the upstream")
            client.writer.write(client.sealed(b"the last ") + client.sealed(b"of the client") + client.goodbye())
            await until(lambda: received)
        assert received == [b"the last of the client"]
        await until(lambda: public.metric("gateway_open_tunnels") == upstream.open == 0)
        await until(lambda: public.metric("gateway_open_connections") == 0)


async def test_over_tls_a_client_that_has_ended_its_half_of_a_tunnel_still_receives(
    upstream: Upstream, context: ssl.SSLContext
) -> None:
    async def tunnel(_: UpstreamCall, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.read() == b"the last request"
        writer.write(b"the last ")
        await writer.drain()
        writer.write(b"response")

    upstream.script = accepting(tunnel)
    async with public_server(upstream_at(upstream.port), websocket=True, tls=context) as public:
        async with tls_wire(public.port) as client:
            client.writer.write(client.sealed(handshake()))
            assert (await client.receive()).startswith(b"HTTP/1.1 101 ")
            client.writer.write(client.sealed(b"the last request") + client.goodbye())
            client.writer.write_eof()
            assert await client.receive_all() == b"the last response"
        await until(lambda: public.metric("gateway_open_tunnels") == upstream.open == 0)
        await until(lambda: public.metric("gateway_open_connections") == 0)
