"""A balancer that only passes connections on says whose they are; nobody else can, with TLS and without."""

import asyncio
import ssl
from collections.abc import AsyncIterator

import pytest

from gateway.edge import arrival
from gateway.edge.certificate import load_certificate
from gateway.proxy.connection_limits import ConnectionLimits
from tests.support.harness.certificates import client_context, write_certificate
from tests.support.harness.public_server import PROXY, Public, public_server, upstream_at
from tests.support.http1.client import Reply, parse_replies
from tests.support.http1.framing_payloads import get
from tests.support.http1.proxy_headers import LOCAL, v2
from tests.support.http1.upstream import Upstream
from tests.support.waiting import until

BALANCER, STRANGER = "127.0.0.8", "127.0.0.7"
CLIENT = "203.0.113.7"
V1 = f"PROXY TCP4 {CLIENT} 10.0.0.1 12345 443\r\n".encode()
REFUSED = "gateway_connections_refused_total"
LAST_CALL = get(b"GET /x HTTP/1.1", b"Connection: close")


@pytest.fixture(scope="module")
def server_context(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    files = write_certificate(tmp_path_factory.mktemp("tls"))
    return load_certificate(files.certificate, files.key).context


@pytest.fixture(params=["http", "https"])
async def public(
    request: pytest.FixtureRequest, upstream: Upstream, server_context: ssl.SSLContext
) -> AsyncIterator[Public]:
    tls = server_context if request.param == "https" else None
    async with public_server(upstream_at(upstream.port), tls=tls, proxy_header_from=BALANCER) as running:
        yield running


def refused(public: Public) -> float:
    """How many connections were closed before their first request, for whatever cause."""
    samples = [sample for metric in public.metrics.collect() for sample in metric.samples]
    return sum(sample.value for sample in samples if sample.name == REFUSED)


async def sent_raw(public: Public, *pieces: bytes, peer: str = BALANCER, pause: float = 0.0) -> bytes:
    """What comes back to these bytes, until the connection ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", public.port, local_addr=(peer, 0))
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)
        async with asyncio.timeout(15):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


async def called(
    public: Public, header: bytes, payload: bytes = LAST_CALL, *, peer: str = BALANCER, piece: int = 1 << 20
) -> Reply:
    """The response to a call that follows the header; all bytes in pieces of this size."""
    if not public.server.speaks_tls:
        data = header + payload
        [reply] = parse_replies(
            await sent_raw(public, *(data[at : at + piece] for at in range(0, len(data), piece)), peer=peer)
        )
        return reply
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = client_context().wrap_bio(incoming, outgoing)
    reader, writer = await asyncio.open_connection("127.0.0.1", public.port, local_addr=(peer, 0))
    received, to_send, shaken = bytearray(), header, False
    async with asyncio.timeout(15):
        while True:
            try:
                if not shaken:
                    tls.do_handshake()
                    shaken = True
                    tls.write(payload)
                while content := tls.read(65536):
                    received += content
                break
            except ssl.SSLWantReadError:
                pass
            to_send += outgoing.read()
            for at in range(0, len(to_send), piece):
                writer.write(to_send[at : at + piece])
                await asyncio.sleep(0)
            to_send = b""
            incoming.write(await reader.read(65536))
    writer.close()
    [reply] = parse_replies(bytes(received))
    return reply


@pytest.mark.parametrize("piece", [1, 7, 1 << 20])
@pytest.mark.parametrize(
    "header", [V1, v2(), v2(more=b"\x04\x00\x40" + bytes(64))], ids=["v1", "v2", "v2 with more"]
)
async def test_the_client_is_whom_the_balancer_names(
    public: Public, upstream: Upstream, header: bytes, piece: int
) -> None:
    reply = await called(public, header, piece=piece)
    assert reply.status == 200
    [call] = upstream.calls
    assert call.values("x-forwarded-for") == [CLIENT]
    assert call.values("x-forwarded-proto") == ["https" if public.server.speaks_tls else "http"]


@pytest.mark.parametrize("header", [b"PROXY UNKNOWN\r\n", v2(command=LOCAL)])
async def test_a_balancer_that_names_nobody_is_the_client_itself(
    public: Public, upstream: Upstream, header: bytes
) -> None:
    assert (await called(public, header)).status == 200
    assert upstream.calls[0].values("x-forwarded-for") == [BALANCER]


@pytest.mark.parametrize(
    "payload", [LAST_CALL, b"\x16\x03\x01\x00\x05hello", b"PROXY TCP4 nonsense\r\n", b"\r\n\r\n"]
)
async def test_a_balancer_that_sends_no_header_gets_no_word_and_reaches_nothing(
    public: Public, upstream: Upstream, payload: bytes
) -> None:
    assert await sent_raw(public, payload + bytes(20)) == b""
    assert refused(public) == 1
    assert upstream.calls == []


@pytest.mark.parametrize("pieces", [(V1 + LAST_CALL,), (v2() + LAST_CALL,), (V1[:3], V1[3:]), (b"\r\n", v2()[2:])])
async def test_a_header_of_anybody_else_ends_the_connection(
    public: Public, upstream: Upstream, pieces: tuple[bytes, ...]
) -> None:
    assert await sent_raw(public, *pieces, peer=STRANGER, pause=0.05) == b""
    assert upstream.calls == []
    assert public.metric(REFUSED, cause="proxy_header_unexpected") == 1


async def test_anybody_else_without_a_header_is_served_as_who_they_are(public: Public, upstream: Upstream) -> None:
    for piece in (1, 1 << 20):
        assert (await called(public, b"", peer=STRANGER, piece=piece)).status == 200
    assert {value for call in upstream.calls for value in call.values("x-forwarded-for")} == {STRANGER}


async def test_a_second_header_is_no_request(public: Public, upstream: Upstream) -> None:
    raw = await sent_raw(public, V1 + V1 + LAST_CALL)
    assert [reply.status for reply in parse_replies(raw)] == [400]
    assert upstream.calls == []


async def test_what_the_client_claims_is_not_believed_because_its_balancer_would_be(
    upstream: Upstream, server_context: ssl.SSLContext
) -> None:
    forged = get(
        b"GET /x HTTP/1.1", b"Connection: close", b"X-Forwarded-For: 198.51.100.1", b"X-Request-Id: forged-1"
    )
    async with public_server(upstream_at(upstream.port), tls=server_context, proxy_header_from=PROXY) as public:
        assert (await called(public, V1, forged, peer=PROXY)).status == 200
    [call] = upstream.calls
    assert call.values("x-forwarded-for") == [CLIENT]
    assert call.values("x-request-id") != ["forged-1"]


async def test_a_trusted_proxy_behind_the_balancer_is_believed(public: Public, upstream: Upstream) -> None:
    named = get(b"GET /x HTTP/1.1", b"Connection: close", b"X-Forwarded-For: 198.51.100.1")
    assert (await called(public, v2(PROXY), named)).status == 200
    assert upstream.calls[0].values("x-forwarded-for") == [f"198.51.100.1, {PROXY}"]


async def test_a_late_header_ends_the_connection_and_is_counted(
    public: Public, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrival, "ARRIVAL_TIMEOUT_S", 0.3)
    assert await sent_raw(public, V1[:-2]) == b""
    assert public.metric(REFUSED, cause="proxy_header_timeout") == 1


async def test_a_port_check_of_the_balancer_is_not_counted(public: Public) -> None:
    for payload in (b"", v2(command=LOCAL)):
        public.connect(BALANCER, payload).close()
    await until(lambda: public.metric("gateway_open_connections") == 0)
    assert refused(public) == 0


async def test_each_client_has_its_own_bound_on_connections_behind_one_balancer(
    upstream: Upstream, server_context: ssl.SSLContext
) -> None:
    limits = ConnectionLimits(connections=100, connections_per_peer=3, bodies_per_client=10)
    async with public_server(
        upstream_at(upstream.port), limits=limits, tls=server_context, proxy_header_from=BALANCER
    ) as public:
        held = [public.connect(BALANCER, V1) for _ in range(5)]
        await until(lambda: public.metric("gateway_connections_closed_early_total", cause="peer_limit") == 2)
        held += [public.connect(BALANCER) for _ in range(10)]  # whose they are is not known yet
        assert (await called(public, v2("203.0.113.8"))).status == 200
        assert public.metric("gateway_connections_closed_early_total", cause="peer_limit") == 2
        for connection in held:
            connection.close()
