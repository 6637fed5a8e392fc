"""TLS at the gateway itself, with Python's and OpenSSL's own clients: who gets in, who does not, how it ends."""

import asyncio
import contextlib
import hashlib
import shutil
import ssl
from collections.abc import AsyncIterator

import pytest

from gateway.edge import arrival
from gateway.edge.certificate import load_certificate
from gateway.edge.tls_transport import READ_BYTES
from gateway.proxy.connection_limits import ConnectionLimits
from tests.support.harness.certificates import CertificateFiles, client_context, write_certificate
from tests.support.harness.public_server import Public, post, public_server, upstream_at
from tests.support.harness.tls_client import TlsClient, exchange, statuses
from tests.support.http1.client import converse, parse_replies
from tests.support.http1.framing_payloads import get
from tests.support.http1.upstream import Upstream, UpstreamCall
from tests.support.waiting import until

REFUSED = "gateway_connections_refused_total"
ARRIVING = "gateway_arriving_connections"
CLOSE = b"Connection: close"
LAST_CALL = get(b"GET /x HTTP/1.1", CLOSE)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> CertificateFiles:
    return write_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def server_context(files: CertificateFiles) -> ssl.SSLContext:
    return load_certificate(files.certificate, files.key).context


@pytest.fixture
async def public(upstream: Upstream, server_context: ssl.SSLContext) -> AsyncIterator[Public]:
    async with public_server(upstream_at(upstream.port), tls=server_context) as running:
        yield running


async def test_a_call_over_tls_reaches_the_upstream_with_its_scheme(
    public: Public, files: CertificateFiles, upstream: Upstream
) -> None:
    raw, clean = await exchange(public.port, LAST_CALL, context=client_context(files))
    assert (statuses(raw), clean) == ([200], True)
    [call] = upstream.calls
    assert call.values("x-forwarded-proto") == ["https"]
    assert call.values("x-forwarded-for") == ["127.0.0.1"]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_each_supported_version_is_spoken_and_counted(public: Public, version: ssl.TLSVersion) -> None:
    context = client_context()
    context.minimum_version = context.maximum_version = version
    raw, clean = await exchange(public.port, LAST_CALL, context=context)
    assert (statuses(raw), clean) == ([200], True)
    assert public.metric("gateway_tls_handshakes_total", version=version.name.replace("_", ".")) == 1


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
async def test_an_older_version_is_refused_with_an_alert_and_counted(
    public: Public, version: ssl.TLSVersion
) -> None:
    context = client_context()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    with pytest.raises(ssl.SSLError, match=r"(?i)alert protocol version"):
        await exchange(public.port, get(), context=context)
    assert public.metric(REFUSED, cause="tls_handshake_failed") == 1


@pytest.mark.parametrize(
    ("offered", "selected"),
    [(["h2", "http/1.1"], "http/1.1"), (["http/1.1"], "http/1.1"), (["h2"], None), ([], None)],
)
async def test_http_1_1_is_the_only_protocol_that_is_agreed_upon(
    public: Public, offered: list[str], selected: str | None
) -> None:
    context = client_context()
    if offered:
        context.set_alpn_protocols(offered)
    client = await asyncio.to_thread(TlsClient, public.port, context)
    assert client.tls.selected_alpn_protocol() == selected
    client.tls.close()


async def test_a_client_that_speaks_http_2_all_the_same_is_refused(public: Public, upstream: Upstream) -> None:
    raw, _ = await exchange(public.port, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
    assert statuses(raw) == [400]
    assert upstream.calls == []


async def test_http_without_tls_gets_a_short_refusal_that_says_why(public: Public, upstream: Upstream) -> None:
    conversation = await converse(public.port, post(5, content=b"12345"))
    [reply] = conversation.replies
    assert (reply.status, reply.values("connection"), conversation.closed) == (400, ["close"], True)
    assert b'"code":"tls_required"' in reply.body
    assert b"this port speaks TLS: use https" in reply.body
    assert public.metric("gateway_refusals_total", cause="tls_required", route="unmatched") == 1
    assert upstream.calls == []


@pytest.mark.parametrize("junk", [b"\x16", b"\x16\x03\x01\xff\xff" + b"x" * 70_000, b"\x16\x03\x01\x00\x05hello"])
async def test_junk_that_begins_as_tls_does_is_closed_without_a_word_of_http(public: Public, junk: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", public.port)
    writer.write(junk)
    writer.write_eof()
    received = b""
    try:
        received = await asyncio.wait_for(reader.read(), 10)
    except ConnectionError:
        pass
    finally:
        writer.close()
    assert b"HTTP" not in received
    await until(lambda: public.metric(REFUSED, cause="tls_handshake_failed") == 1)


async def test_a_port_check_that_says_nothing_is_not_counted(public: Public) -> None:
    with public.connect():
        await until(lambda: public.metric(ARRIVING) == 1)
    await until(lambda: public.metric(ARRIVING) == 0)
    assert public.metric(REFUSED, cause="tls_handshake_failed") == 0


async def test_a_head_in_a_record_for_each_byte_is_one_request(public: Public) -> None:
    payload = LAST_CALL
    raw, _ = await exchange(public.port, *(bytes([byte]) for byte in payload))
    assert statuses(raw) == [200]


async def test_requests_in_one_record_are_served_in_their_order(public: Public, upstream: Upstream) -> None:
    payload = b"".join(get(b"GET /%d HTTP/1.1" % n) for n in range(5)) + get(b"GET /5 HTTP/1.1", CLOSE)
    raw, clean = await exchange(public.port, payload)
    assert (statuses(raw), clean) == ([200] * 6, True)
    assert [call.target for call in upstream.calls] == [f"/{n}" for n in range(6)]


async def test_bodies_of_many_records_go_through_whole_both_ways(public: Public, upstream: Upstream) -> None:
    content = bytes(n % 251 for n in range(60 * READ_BYTES + 17))

    async def echo(call: UpstreamCall, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(call.body) + call.body)

    upstream.script = echo
    raw, clean = await exchange(public.port, post(len(content), CLOSE, content=content))
    assert clean
    assert hashlib.sha256(raw.partition(b"\r\n\r\n")[2]).digest() == hashlib.sha256(content).digest()


async def test_a_large_body_that_comes_in_one_piece_with_the_end_of_the_handshake_is_received_whole(
    public: Public, upstream: Upstream
) -> None:
    """What a client sends at once may be read at once, by a process that was late."""
    content = bytes(n % 251 for n in range(200_000))
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = client_context().wrap_bio(incoming, outgoing)
    reader, writer = await asyncio.open_connection("127.0.0.1", public.port)
    with contextlib.suppress(ssl.SSLWantReadError):
        tls.do_handshake()
    writer.write(outgoing.read())
    incoming.write(await reader.read(65536))
    tls.do_handshake()
    payload = memoryview(post(len(content), CLOSE, content=content))
    while payload:
        payload = payload[tls.write(payload) :]
    writer.write(outgoing.read())
    await writer.drain()
    assert await asyncio.wait_for(reader.read(65536), 20)
    await until(lambda: upstream.calls and upstream.calls[0].complete)
    assert upstream.calls[0].body == content
    writer.close()


async def test_a_client_that_reads_slowly_holds_back_the_upstream_and_gets_all(
    public: Public, upstream: Upstream
) -> None:
    size = 30_000_000
    sent = 0

    async def flood(_: UpstreamCall, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        while sent < size:
            writer.write(bytes(100_000))
            await writer.drain()
            sent += 100_000

    upstream.script = flood
    client = await asyncio.to_thread(TlsClient, public.port)
    client.tls.sendall(LAST_CALL)
    await until(lambda: sent)
    before = -1
    while sent != before:  # until nothing moves any more
        before = sent
        await asyncio.sleep(0.2)
    assert sent < size
    raw, clean = await asyncio.to_thread(client.read_to_the_end)
    assert (len(raw.partition(b"\r\n\r\n")[2]), clean) == (size, True)


async def test_a_response_that_is_cut_is_seen_as_cut(public: Public, upstream: Upstream) -> None:
    async def half(_: UpstreamCall, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        await writer.drain()
        writer.transport.abort()

    upstream.script = half
    _, clean = await exchange(public.port, get())
    assert not clean


async def test_a_request_whose_connection_is_cut_is_never_a_whole_one(public: Public, upstream: Upstream) -> None:
    await exchange(public.port, post(70_000, content=bytes(69_999)), cut=True)
    await until(lambda: public.metric("gateway_open_connections") == 0)
    assert not any(call.complete for call in upstream.calls)


async def test_a_slow_handshake_is_ended_in_time_and_counted(
    public: Public, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrival, "ARRIVAL_TIMEOUT_S", 0.3)
    reader, writer = await asyncio.open_connection("127.0.0.1", public.port)
    writer.write(b"\x16\x03\x01\x02\x00")
    assert await asyncio.wait_for(_end_of(reader), 10) == b""
    writer.close()
    assert public.metric(REFUSED, cause="tls_handshake_timeout") == 1


async def test_a_client_that_drips_its_handshake_gains_no_time(
    public: Public, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrival, "ARRIVAL_TIMEOUT_S", 0.3)
    reader, writer = await asyncio.open_connection("127.0.0.1", public.port)
    writer.write(b"\x16\x03\x01\x02\x00\x01")
    ended = asyncio.create_task(_end_of(reader))
    while not ended.done():
        writer.write(b"\x00")
        await asyncio.sleep(0.05)
    writer.close()
    assert public.metric(REFUSED, cause="tls_handshake_timeout") == 1


async def _end_of(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read()
    except ConnectionError:
        return b""


async def test_a_peer_is_bounded_before_its_handshakes_are_complete(
    upstream: Upstream, server_context: ssl.SSLContext
) -> None:
    limits = ConnectionLimits(connections=100, connections_per_peer=3, bodies_per_client=10)
    async with public_server(upstream_at(upstream.port), limits=limits, tls=server_context) as public:
        held = [public.connect("127.0.0.2", b"\x16\x03") for _ in range(5)]
        await until(lambda: public.metric("gateway_connections_closed_early_total", cause="peer_limit") == 2)
        raw, _ = await exchange(public.port, LAST_CALL)
        assert statuses(raw) == [200]
        for connection in held:
            connection.close()


async def test_a_connection_counts_once_for_its_peer_before_and_after_its_handshake(
    upstream: Upstream, server_context: ssl.SSLContext
) -> None:
    limits = ConnectionLimits(connections=100, connections_per_peer=1, bodies_per_client=10)
    async with public_server(upstream_at(upstream.port), limits=limits, tls=server_context) as public:
        for _ in range(3):
            raw, _ = await exchange(public.port, get(), LAST_CALL)
            assert statuses(raw) == [200, 200]
            await until(lambda: public.metric("gateway_open_connections") == 0)


async def test_300_slow_handshakes_of_as_many_peers_shut_out_nobody(
    upstream: Upstream, server_context: ssl.SSLContext
) -> None:
    limits = ConnectionLimits(connections=200, connections_per_peer=100, bodies_per_client=10)
    async with public_server(upstream_at(upstream.port), limits=limits, tls=server_context) as public:
        held = [public.connect(f"127.0.{1 + n // 200}.{1 + n % 200}", b"\x16\x03\x01") for n in range(300)]
        try:
            for _ in range(3):
                raw, _ = await exchange(public.port, LAST_CALL)
                assert statuses(raw) == [200]
            assert public.metric(REFUSED, cause="arriving_limit") >= 250
            assert public.metric(ARRIVING) <= 50
        finally:
            for connection in held:
                connection.close()


async def test_handshakes_under_way_hold_up_no_stop(upstream: Upstream, server_context: ssl.SSLContext) -> None:
    async with public_server(upstream_at(upstream.port), grace=2.0, tls=server_context) as public:
        with public.connect() as silent, public.connect(payload=b"\x16\x03\x01") as slow:
            await until(lambda: public.metric(ARRIVING) == 2)
            await asyncio.wait_for(public.server.stop(), 10)
            assert public.metric(ARRIVING) == 0
            assert silent.fileno() >= 0 <= slow.fileno()


async def test_an_idle_connection_is_ended_with_an_alert_when_the_listener_stops(
    upstream: Upstream, server_context: ssl.SSLContext
) -> None:
    async with public_server(upstream_at(upstream.port), grace=10.0, tls=server_context) as public:
        client = await asyncio.to_thread(TlsClient, public.port)
        client.tls.sendall(get())
        assert (await asyncio.to_thread(client.tls.recv, 65536)).startswith(b"HTTP/1.1 200")
        stop = asyncio.create_task(public.server.stop())
        assert await asyncio.to_thread(client.read_to_the_end) == (b"", True)
        await asyncio.wait_for(stop, 10)


async def test_a_handshake_that_has_begun_when_the_listener_stops_is_served(
    upstream: Upstream, server_context: ssl.SSLContext
) -> None:
    async with public_server(upstream_at(upstream.port), grace=10.0, tls=server_context) as public:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = client_context().wrap_bio(incoming, outgoing)
        reader, writer = await asyncio.open_connection("127.0.0.1", public.port)
        writer.write(b"")
        for stage in ("hello", "finish", "request"):
            with contextlib.suppress(ssl.SSLWantReadError):
                tls.do_handshake() if stage != "request" else tls.write(get())
            writer.write(outgoing.read())
            if stage == "hello":
                await until(lambda: public.metric(ARRIVING) == 1)
                incoming.write(await reader.read(65536))
                stop = asyncio.create_task(public.server.stop())
                await until(lambda: public.server.draining)
        received = b""
        async with asyncio.timeout(10):
            while piece := await reader.read(65536):
                incoming.write(piece)
                while True:
                    try:
                        content = tls.read(65536)
                    except ssl.SSLWantReadError:
                        break
                    received += content
                    if not content:
                        break
        await stop
        writer.close()
        [reply] = parse_replies(received)
        assert (reply.status, reply.values("connection")) == (200, ["close"])


@pytest.mark.skipif(not shutil.which("openssl"), reason="no openssl here")
@pytest.mark.parametrize(
    ("option", "found"),
    [
        ("-tls1_3", b"HTTP/1.1 200 OK"),
        ("-tls1_2", b"HTTP/1.1 200 OK"),
        ("-tls1_1", b"alert protocol version"),
        ("-no_ticket", b"HTTP/1.1 200 OK"),
    ],
)
async def test_openssl_s_client_sees_the_same(public: Public, option: str, found: bytes) -> None:
    process = await asyncio.create_subprocess_exec(
        *("openssl", "s_client", "-connect", f"127.0.0.1:{public.port}", "-ign_eof", option),
        *("-cipher", "DEFAULT:@SECLEVEL=0"),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await asyncio.wait_for(process.communicate(LAST_CALL), 20)
    assert found in output


@pytest.mark.skipif(not shutil.which("openssl"), reason="no openssl here")
async def test_a_renegotiation_is_refused(public: Public) -> None:
    """`R` makes s_client ask for one."""
    process = await asyncio.create_subprocess_exec(
        *("openssl", "s_client", "-connect", f"127.0.0.1:{public.port}", "-tls1_2"),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await asyncio.wait_for(process.communicate(b"R\n"), 20)
    assert b"no renegotiation" in output
