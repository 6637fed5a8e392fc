"""Messages of all kinds on their way through: streams at once, transfers in constant memory, contents untouched."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest

from tests.support.harness.gateway_process import GatewayProcess, gateway_process
from tests.support.harness.public_server import Public, public_server, upstream_at
from tests.support.http1.client import Reply, converse
from tests.support.http1.framing_payloads import get
from tests.support.http1.upstream import Upstream, UpstreamCall, assert_canonical

# Streams


@asynccontextmanager
async def streaming(public: Public, payload: bytes = get()) -> AsyncIterator[asyncio.StreamReader]:
    reader, writer = await asyncio.open_connection("127.0.0.1", public.port)
    try:
        writer.write(payload)
        yield reader
    finally:
        writer.transport.abort()


EVENTS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"


@pytest.mark.parametrize("chunked", [True, False])
async def test_each_event_reaches_the_client_before_the_next_one_is_sent(chunked: bool, upstream: Upstream) -> None:
    received = asyncio.Event()

    async def script(_: UpstreamCall, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(EVENTS + (b"Transfer-Encoding: chunked\r\n\r\n" if chunked else b"\r\n"))
        for number in range(20):
            event = b"data: %02d\n\n" % number
            writer.write(b"%x\r\n%b\r\n" % (len(event), event) if chunked else event)
            await asyncio.wait_for(received.wait(), 20)
            received.clear()
        writer.write(b"0\r\n\r\n" if chunked else b"")
        writer.close()

    upstream.script = script
    async with public_server(upstream_at(upstream.port)) as public, streaming(public) as reader:
        async with asyncio.timeout(20):
            head = await reader.readuntil(b"\r\n\r\n")
            assert b"text/event-stream" in head
            assert b"Transfer-Encoding: chunked" in head
            for number in range(20):
                assert await reader.readuntil(b"\n\n\r\n") == b"a\r\ndata: %02d\n\n\r\n" % number
                received.set()
            assert await reader.readexactly(5) == b"0\r\n\r\n"


async def test_the_head_of_a_stream_reaches_the_client_before_its_first_event(upstream: Upstream) -> None:
    goes_on = asyncio.Event()

    async def script(_: UpstreamCall, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(EVENTS + b"Transfer-Encoding: chunked\r\n\r\n")
        await goes_on.wait()
        writer.write(b"0\r\n\r\n")

    upstream.script = script
    async with public_server(upstream_at(upstream.port)) as public, streaming(public) as reader:
        async with asyncio.timeout(20):
            assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
            goes_on.set()
            assert await reader.readexactly(5) == b"0\r\n\r\n"


@pytest.mark.parametrize("beats", [True, False])
async def test_a_stream_lives_by_its_heartbeat_and_is_cut_without(beats: bool, upstream: Upstream) -> None:
    async def script(_: UpstreamCall, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(EVENTS + b"Transfer-Encoding: chunked\r\n\r\n")
        for _beat in range(10 if beats else 0):
            writer.write(b"2\r\n:\n\r\n")
            await asyncio.sleep(0.2)
        if not beats:
            await reader.read()
        writer.write(b"0\r\n\r\n")

    upstream.script = script
    async with public_server(upstream_at(upstream.port), idle_timeout=1.0) as public, streaming(public) as reader:
        async with asyncio.timeout(20):
            await reader.readuntil(b"\r\n\r\n")
            if beats:
                assert await reader.readuntil(b"0\r\n\r\n") == b"2\r\n:\n\r\n" * 10 + b"0\r\n\r\n"
            else:
                assert await reader.read() == b"", "a cut, and no end of the body"


# Transfers

LARGE = 300 * 1024 * 1024
PIECE = bytes(range(256)) * 256
ALLOWED_GROWTH_KB = 24 * 1024
"""What buffers of the system's libraries may take; a tenth of the body would be more."""


@dataclass
class Stores:
    """An upstream of large bodies: says what came of a PUT, and sends as much as a GET asks for."""

    port: int = 0
    slow: bool = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            if head.startswith(b"GET"):
                await self._send(writer)
            else:
                await self._take(reader, writer, chunked=b"Transfer-Encoding: chunked" in head)
            await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def _send(self, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % LARGE)
        for _ in range(LARGE // len(PIECE)):
            writer.write(PIECE)
            await writer.drain()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, chunked: bool) -> None:
        digest, left = sha256(), LARGE
        while left:
            if chunked:
                size = int(await reader.readuntil(b"\r\n"), 16)
                digest.update(await reader.readexactly(size))
                await reader.readexactly(2)
                left -= size
            else:
                piece = await reader.read(min(left, 1 << 20))
                digest.update(piece)
                left -= len(piece)
        if chunked:
            assert await reader.readexactly(5) == b"0\r\n\r\n"
        body = digest.hexdigest().encode()
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


@pytest.fixture(scope="module")
def digest() -> str:
    whole = sha256()
    for _ in range(LARGE // len(PIECE)):
        whole.update(PIECE)
    return whole.hexdigest()


@pytest.fixture(scope="module")
async def storing_gateway(
    service_secrets: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[GatewayProcess]:
    stores = Stores()
    server = await asyncio.start_server(stores.serve, "127.0.0.1", 0, limit=1 << 20)
    stores.port = server.sockets[0].getsockname()[1]
    async with gateway_process(tmp_path_factory.mktemp("transfers"), service_secrets, stores.port) as gateway:
        yield gateway
    server.close()


def peak_kb(gateway: GatewayProcess) -> int:
    """The most memory that the process has had in use since `reset_peak`."""
    status = Path(f"/proc/{gateway.process.pid}/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))


def reset_peak(gateway: GatewayProcess) -> None:
    Path(f"/proc/{gateway.process.pid}/clear_refs").write_text("5", encoding="ascii")


@pytest.mark.parametrize("chunked", [True, False])
async def test_an_upload_of_any_size_takes_the_same_memory(
    chunked: bool, storing_gateway: GatewayProcess, digest: str
) -> None:
    reset_peak(storing_gateway)
    before = peak_kb(storing_gateway)
    reader, writer = await asyncio.open_connection("127.0.0.1", storing_gateway.port)
    framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % LARGE
    writer.write(b"PUT /large HTTP/1.1\r\nHost: a\r\n" + framing + b"\r\n\r\n")
    for _ in range(LARGE // len(PIECE)):
        writer.write(b"%x\r\n%b\r\n" % (len(PIECE), PIECE) if chunked else PIECE)
        await writer.drain()
    writer.write(b"0\r\n\r\n" if chunked else b"")
    async with asyncio.timeout(60):
        await reader.readuntil(b"\r\n\r\n")
        assert await reader.readexactly(64) == digest.encode()
    writer.close()
    assert peak_kb(storing_gateway) - before < ALLOWED_GROWTH_KB


@pytest.mark.parametrize("slow", [False, True])
async def test_a_download_of_any_size_takes_the_same_memory_also_when_the_client_is_slow(
    slow: bool, storing_gateway: GatewayProcess, digest: str
) -> None:
    reset_peak(storing_gateway)
    before, received = peak_kb(storing_gateway), sha256()
    reader, writer = await asyncio.open_connection("127.0.0.1", storing_gateway.port, limit=1 << 16)
    writer.write(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
    async with asyncio.timeout(60):
        await reader.readuntil(b"\r\n\r\n")
        left = LARGE
        while left:
            if slow and left % (64 * len(PIECE)) == 0:
                await asyncio.sleep(0.02)
            piece = await reader.readexactly(len(PIECE))
            received.update(piece)
            left -= len(piece)
    writer.close()
    assert received.hexdigest() == digest
    assert peak_kb(storing_gateway) - before < ALLOWED_GROWTH_KB


# Contents


async def reply_to(public: Public, payload: bytes) -> Reply:
    (reply,) = (await converse(public.port, payload, replies=1)).replies
    return reply


async def test_compressed_bodies_go_both_ways_as_they_are(upstream: Upstream) -> None:
    sent, returned = gzip.compress(b"request" * 100), gzip.compress(b"response" * 100)
    upstream.response = (
        b'HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nVary: Accept-Encoding\r\nETag: W/"1"\r\n'
        b"Content-Length: %d\r\n\r\n" % len(returned) + returned
    )
    fields = b"Content-Encoding: gzip\r\nAccept-Encoding: gzip;q=1, br\r\nContent-Length: %d" % len(sent)
    async with public_server(upstream_at(upstream.port)) as public:
        reply = await reply_to(public, b"POST /x HTTP/1.1\r\nHost: a\r\n" + fields + b"\r\n\r\n" + sent)
    (call,) = upstream.calls
    assert (call.body, call.values("content-encoding"), call.values("accept-encoding")) == (
        sent, ["gzip"], ["gzip;q=1, br"],
    )  # fmt: skip
    assert (reply.body, reply.values("content-encoding"), reply.values("etag")) == (returned, ["gzip"], ['W/"1"'])


PARTS = b"--b\r\nContent-Range: bytes 0-1/11\r\n\r\nhe\r\n--b--\r\n"


@pytest.mark.parametrize(
    ("requested", "status", "described", "body"),
    [
        (b"bytes=0-4", b"206 Partial Content", b"Content-Range: bytes 0-4/11", b"hello"),
        (b"bytes=0-1,4-5", b"206 Partial Content", b"Content-Type: multipart/byteranges; boundary=b", PARTS),
        (b"bytes=99-", b"416 Range Not Satisfiable", b"Content-Range: bytes */11", b""),
    ],
)
async def test_ranges_are_between_the_client_and_the_upstream(
    requested: bytes, status: bytes, described: bytes, body: bytes, upstream: Upstream
) -> None:
    upstream.response = b"HTTP/1.1 %b\r\n%b\r\nAccept-Ranges: bytes\r\nContent-Length: %d\r\n\r\n%b" % (
        status, described, len(body), body,
    )  # fmt: skip
    async with public_server(upstream_at(upstream.port)) as public:
        reply = await reply_to(public, get(b"GET /x HTTP/1.1", b"Range: " + requested, b'If-Range: "1"'))
    (call,) = upstream.calls
    assert (call.values("range"), call.values("if-range")) == ([requested.decode()], ['"1"'])
    name, _, value = described.decode().partition(": ")
    assert (reply.status, reply.values(name), reply.body) == (int(status.split()[0]), [value], body)
    assert reply.values("accept-ranges") == ["bytes"]


async def test_trailers_are_dropped_both_ways(upstream: Upstream) -> None:
    chunked = b"Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n"
    upstream.response = b"HTTP/1.1 200 OK\r\n" + chunked + b"\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"
    head = b"POST /x HTTP/1.1\r\nHost: a\r\n" + chunked + b"TE: trailers\r\n\r\n"
    async with public_server(upstream_at(upstream.port)) as public:
        conversation = await converse(public.port, head + b"5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n", replies=1)
    (call,) = upstream.calls
    assert_canonical(call)
    assert (call.body, bytes(upstream.raw[-1]).count(b"X-Sum")) == (b"hello", 0)
    (reply,) = conversation.replies
    assert (reply.body, conversation.raw.count(b"X-Sum")) == (b"hello", 0)


@pytest.mark.parametrize(
    "response",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    ],
)
async def test_a_client_of_http_1_0_gets_what_it_can_read(response: bytes, upstream: Upstream) -> None:
    """No chunks, no interim responses, and the end of the connection (RFC 9112 sections 6.1, 9.3)."""
    upstream.response = b"HTTP/1.1 103 Early Hints\r\n\r\n" + response
    async with public_server(upstream_at(upstream.port)) as public:
        conversation = await converse(public.port, get(b"GET /x HTTP/1.0", b"Connection: keep-alive"))
    head, _, body = conversation.raw.partition(b"\r\n\r\n")
    assert (body, conversation.closed, conversation.reset) == (b"hello", True, False)
    assert head.startswith(b"HTTP/1.1 200 ")
    assert b"Transfer-Encoding" not in head
    assert b"Connection: close" in head
