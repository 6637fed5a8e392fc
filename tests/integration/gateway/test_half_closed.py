"""A client that sends its request and closes its side at once gets the response that is there by then."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.edge.certificate import load_certificate
from tests.support.harness.certificates import NAME, client_context, write_certificate
from tests.support.harness.public_server import Public, public_server, upstream_at
from tests.support.http1.client import parse_replies
from tests.support.http1.upstream import Upstream

REFUSED = b"GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n"
"""With a response at once, after which the connection would go on."""


@pytest.fixture
async def plain(upstream: Upstream) -> AsyncIterator[Public]:
    async with public_server(upstream_at(upstream.port), path="/here", prefix=False) as public:
        yield public


@pytest.fixture
async def secure(upstream: Upstream, tmp_path: Path) -> AsyncIterator[Public]:
    files = write_certificate(tmp_path)
    tls = load_certificate(files.certificate, files.key).context
    async with public_server(upstream_at(upstream.port), path="/here", prefix=False, tls=tls) as public:
        yield public


def statuses(raw: bytes) -> list[int]:
    return [reply.status for reply in parse_replies(raw)]


@pytest.mark.parametrize("requests", [1, 3])
async def test_a_refusal_is_received_by_who_has_closed_their_side(plain: Public, requests: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", plain.port)
    writer.write(REFUSED * requests)
    writer.write_eof()
    async with asyncio.timeout(20):
        assert statuses(await reader.read()) == [404] * requests
    writer.close()


@pytest.mark.parametrize("ending", ["alert", "alert and end", "end"])
async def test_over_tls_too_by_an_alert_or_without(secure: Public, ending: str) -> None:
    """The request and what ends the client's side come in one piece."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = client_context().wrap_bio(incoming, outgoing, server_hostname=NAME)
    reader, writer = await asyncio.open_connection("127.0.0.1", secure.port)
    async with asyncio.timeout(20):
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                writer.write(outgoing.read())
                incoming.write(await reader.read(65536))
        tls.write(REFUSED)
        if ending != "end":
            with pytest.raises(ssl.SSLWantReadError):
                tls.unwrap()
        writer.write(outgoing.read())
        if ending != "alert":
            writer.write_eof()
        incoming.write(await reader.read())
    assert statuses(decrypted(tls)) == [404]
    writer.close()


def decrypted(tls: ssl.SSLObject) -> bytes:
    received = b""
    while True:
        try:
            piece = tls.read(65536)
        except (ssl.SSLWantReadError, ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return received
        if not piece:
            return received
        received += piece
