"""WebSockets: admitted before anything goes upstream, tunnelled only after a 101 that accepts the handshake."""

import asyncio
import socket
import struct
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from gateway.edge.certificate import load_certificate
from gateway.proxy.report import Report
from gateway.routing.table import Upstream as Target
from gateway.upstreams.settings import UpstreamTls
from shared.contracts.key_registry import Revocation
from tests.support.harness.certificates import client_context, write_certificate
from tests.support.harness.gateway import ROUTES, Surroundings, bearer, surroundings
from tests.support.harness.gateway_process import GatewayProcess
from tests.support.harness.public_server import Public, public_server, upstream_at
from tests.support.http1.client import converse
from tests.support.http1.framing_payloads import get
from tests.support.http1.upstream import OK, Script, Upstream, UpstreamCall, assert_canonical
from tests.support.http1.websockets import (
    ACCEPT,
    KEY,
    MALFORMED_HANDSHAKES,
    UNACCEPTABLE,
    accepting,
    echo,
    handshake,
    switching,
)
from tests.support.waiting import until

WEBSOCKETS = """
  - name: socket
    path: /socket
    methods: [GET]
    credential: jwt
    scopes: [a:read]
    websocket: true
    upstream: sample
  - name: kept
    path: /kept
    methods: [GET]
    credential: jwt
    scopes: []
    websocket: true
    end_on_revocation: false
    upstream: sample
"""


class Peer:
    """A client's side of a tunnel, over a bare socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.head = b""

    async def switched(self) -> None:
        async with asyncio.timeout(20):
            self.head = await self.reader.readuntil(b"\r\n\r\n")
        assert self.head.startswith(b"HTTP/1.1 101 "), self.head

    async def receives(self, data: bytes) -> None:
        async with asyncio.timeout(20):
            assert await self.reader.readexactly(len(data)) == data

    async def ended(self) -> bytes:
        """What came until the end of the connection."""
        async with asyncio.timeout(20):
            try:
                return await self.reader.read()
            except ConnectionResetError:
                return b""

    def reset(self) -> None:
        self.writer.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
        self.writer.transport.abort()


@asynccontextmanager
async def peer(port: int, payload: bytes) -> AsyncIterator[Peer]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(payload)
        yield Peer(reader, writer)
    finally:
        writer.transport.abort()


@asynccontextmanager
async def serving_websockets(upstream: Upstream, *, connections: int = 8, **route: Any) -> AsyncIterator[Public]:
    target = upstream_at(upstream.port, connections=connections)
    async with public_server(target, websocket=True, grace=0.2, **route) as public:
        yield public


# With a client and a server as people have them


@pytest.fixture
async def around(tmp_path: Path) -> AsyncIterator[Surroundings]:
    async def resource(request: web.Request) -> web.StreamResponse:
        response = web.WebSocketResponse(protocols=["chat"], max_msg_size=0)
        await response.prepare(request)
        await response.send_str(request.headers["X-Passgate-Credential"])
        async for message in response:
            if message.data == "close":
                await response.close(code=4001, message=b"as you wish")
            elif message.type is aiohttp.WSMsgType.TEXT:
                await response.send_str(message.data)
            else:
                await response.send_bytes(message.data)
        return response

    async with surroundings(tmp_path) as around:
        around.routes = ROUTES.rstrip("\n") + WEBSOCKETS
        around.services.resource = resource
        yield around


@pytest.mark.parametrize("compress", [0, 15])
async def test_messages_of_each_kind_and_size_go_both_ways(compress: int, around: Surroundings) -> None:
    large = bytes(range(256)) * 8192
    async with (
        around.gateway() as gateway,
        around.http.ws_connect(
            f"{gateway.url}/socket",
            headers=bearer(scope="a:read"),
            protocols=["chat"],
            compress=compress,
            max_msg_size=0,
        ) as ws,
    ):
        assert ws.protocol == "chat"
        assert ws.compress == compress
        assert await ws.receive_str(timeout=20) == "pgck_1"
        await ws.send_str("héllo")
        assert await ws.receive_str(timeout=20) == "héllo"
        await ws.send_bytes(large)
        assert await ws.receive_bytes(timeout=20) == large
        await ws.send_str("close")
        message = await ws.receive(timeout=20)
        assert (message.type, message.data, message.extra) == (aiohttp.WSMsgType.CLOSE, 4001, "as you wish")

        async def closed() -> bool:
            return "gateway_open_tunnels 0.0" in await gateway.metrics()

        await until(closed)


@pytest.mark.parametrize(("headers", "status"), [({}, 401), (bearer(scope="b:read"), 403)])
async def test_who_is_not_admitted_gets_the_refusal_and_nothing_goes_upstream(
    headers: dict[str, str], status: int, around: Surroundings
) -> None:
    async with around.gateway() as gateway:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await around.http.ws_connect(f"{gateway.url}/socket", headers=headers)
        assert refused.value.status == status
        assert not around.services.received


async def test_it_closes_when_its_credential_is_revoked_unless_the_route_goes_on(
    around: Surroundings, lines: list[Mapping[str, Any]]
) -> None:
    headers = bearer(scope="a:read")
    async with (
        around.gateway() as gateway,
        around.http.ws_connect(f"{gateway.url}/socket", headers=headers) as ended,
        around.http.ws_connect(f"{gateway.url}/kept", headers=headers) as kept,
    ):
        for ws in (ended, kept):
            await ws.receive_str(timeout=20)
        await around.registry.revoke(Revocation(kind="jwt", id="j1", until=time.time() + 3600))
        message = await ended.receive(timeout=20)
        assert message.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)
        await kept.send_str("still here")
        assert await kept.receive_str(timeout=20) == "still here"
        [line] = [line for line in lines if line["route"] == "socket"]
        assert (line["status"], line["cause"], line["credential"]) == (101, "revoked", "pgck_1")


@pytest.mark.parametrize("first", ["client", "upstream"])
async def test_it_is_the_same_in_a_process_as_it_is_deployed(
    first: str, gateway: GatewayProcess, upstream: Upstream
) -> None:
    """Whose event loop is another one."""
    ends = asyncio.Event()
    mark = len(gateway.log)

    async def tunnel(call: UpstreamCall, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if first == "upstream":
            writer.write(await reader.readexactly(len(large)))
            await ends.wait()
        else:
            await echo(call, reader, writer)

    large = bytes(range(256)) * 8192
    upstream.script = accepting(tunnel, beginning=b"hello")
    async with peer(gateway.port, handshake(line="GET /socket HTTP/1.1") + b"early") as client:
        await client.switched()
        await client.receives(b"hello")
        client.writer.write(large[5:])
        await client.receives(b"early" + large[5:])
        if first == "client":
            client.writer.write_eof()
        ends.set()
        assert await client.ended() == b""
        client.writer.close()
        await until(lambda: upstream.open == 0)
    line = await gateway.logged("request", after=mark, route="socket")
    assert (line["status"], line.get("cause")) == (101, None)


LARGE = bytes(range(256)) * 8192


def returning(ends: asyncio.Event) -> Script:
    """Sends back what is large, and ends when `ends` is set or the other side has ended."""

    async def tunnel(_: UpstreamCall, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readexactly(len(LARGE)))
        waited = [asyncio.ensure_future(reader.read()), asyncio.ensure_future(ends.wait())]
        await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        for task in waited:
            task.cancel()
        await asyncio.gather(*waited, return_exceptions=True)

    return accepting(tunnel)


async def return_and_end(client: Peer, first: str, ends: asyncio.Event) -> None:
    """A client's side of that, and which side is the first to end."""
    await client.switched()
    client.writer.write(LARGE)
    await client.receives(LARGE)
    if first == "upstream":
        ends.set()
        assert await client.ended() == b""
    client.writer.close()


@pytest.mark.parametrize("first", ["client", "upstream"])
async def test_it_goes_over_tls(first: str, upstream: Upstream, tmp_path: Path) -> None:
    files, ends = write_certificate(tmp_path), asyncio.Event()
    upstream.script = returning(ends)
    context = load_certificate(files.certificate, files.key).context
    async with public_server(upstream_at(upstream.port), websocket=True, tls=context) as public:
        reader, writer = await asyncio.open_connection("127.0.0.1", public.port, ssl=client_context())
        writer.write(handshake())
        await return_and_end(Peer(reader, writer), first, ends)
        await until(lambda: public.metric("gateway_open_tunnels") == upstream.open == 0)
        await until(lambda: public.metric("gateway_open_connections") == 0)


@pytest.mark.parametrize("first", ["client", "upstream"])
async def test_it_goes_to_an_upstream_over_tls(first: str, upstream: Upstream, tmp_path: Path) -> None:
    files, ends = write_certificate(tmp_path, host="localhost"), asyncio.Event()
    upstream.script = returning(ends)
    context = load_certificate(files.certificate, files.key).context
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0, ssl=context)
    port, tls = server.sockets[0].getsockname()[1], UpstreamTls(ca_file=str(files.certificate))
    target = Target("upstream", "https", "localhost", port, tls=tls)
    async with public_server(target, websocket=True) as public, peer(public.port, handshake()) as client:
        await return_and_end(client, first, ends)
        await until(lambda: public.metric("gateway_open_tunnels") == upstream.open == 0)
        await until(lambda: public.metric("gateway_open_connections") == 0)
    server.close()


# The handshake


SMUGGLED = get(b"GET /internal HTTP/1.1")


@pytest.mark.parametrize("name", MALFORMED_HANDSHAKES)
async def test_a_malformed_handshake_is_refused_and_what_follows_is_no_request(
    name: str, upstream: Upstream
) -> None:
    """With a version that the upstream refuses, proxies have taken its 426 for a tunnel."""
    payload, status = MALFORMED_HANDSHAKES[name]
    async with serving_websockets(upstream) as public:
        conversation = await converse(public.port, payload + SMUGGLED)
    (reply,) = conversation.replies
    assert (reply.status, conversation.closed) == (status, True)
    assert not upstream.calls
    if status == 426:
        assert (reply.values("sec-websocket-version"), reply.values("upgrade")) == (["13"], ["websocket"])


RESPONSES = {
    "426": b"HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 8\r\nContent-Length: 0\r\n\r\n",
    "200": OK,
    "403 that claims an upgrade": b"HTTP/1.1 403 Forbidden\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Content-Length: 0\r\n\r\n",
}


@pytest.mark.parametrize("name", RESPONSES)
async def test_any_other_response_is_passed_on_and_opens_no_tunnel(name: str, upstream: Upstream) -> None:
    upstream.response = RESPONSES[name]
    async with serving_websockets(upstream) as public:
        conversation = await converse(public.port, handshake() + SMUGGLED)
    (reply,) = conversation.replies
    assert reply.status == int(RESPONSES[name].split()[1])
    assert (reply.values("connection"), reply.values("upgrade"), conversation.closed) == (["close"], [], True)
    assert [bytes(raw).count(b"HTTP/1.1") for raw in upstream.raw] == [1]


@pytest.mark.parametrize("name", UNACCEPTABLE)
async def test_a_101_that_does_not_accept_what_was_offered_is_a_502(name: str, upstream: Upstream) -> None:
    upstream.response = UNACCEPTABLE[name]
    async with serving_websockets(upstream) as public:
        conversation = await converse(public.port, handshake("Sec-WebSocket-Protocol: chat") + SMUGGLED)
        await until(lambda: upstream.open == 0)
    assert [reply.status for reply in conversation.replies] == [502]
    assert [bytes(raw).count(b"HTTP/1.1") for raw in upstream.raw] == [1]


async def test_what_is_offered_and_accepted_is_passed_on(upstream: Upstream) -> None:
    offered = ["Sec-WebSocket-Protocol: chat, superchat", "Sec-WebSocket-Extensions: permessage-deflate; a=1, x-y"]
    chosen = ["Sec-WebSocket-Protocol: superchat", "Sec-WebSocket-Extensions: permessage-deflate"]
    upstream.response = b"HTTP/1.1 103 Early Hints\r\n\r\n" + switching(*chosen)
    async with serving_websockets(upstream) as public, peer(public.port, handshake(*offered)) as client:
        await client.switched()
        for line in (*chosen, "Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Accept: {ACCEPT}"):
            assert line.encode() in client.head.split(b"\r\n")
        (call,) = upstream.calls
        assert call.values("upgrade") == ["websocket"]
        assert call.values("connection") == ["Upgrade"]
        assert call.values("sec-websocket-key") == [KEY]


@pytest.mark.parametrize("websocket", [True, False])
@pytest.mark.parametrize("upgrade", ["h2c", "HTTP/2.0", "TLS/1.0"])
async def test_no_other_protocol_is_switched_to(websocket: bool, upgrade: str, upstream: Upstream) -> None:
    fields = {"upgrade": upgrade, "connection": "Upgrade, HTTP2-Settings", "http2_settings": "AAMAAABkAAQAAP__"}
    async with public_server(upstream_at(upstream.port), websocket=websocket) as public:
        conversation = await converse(public.port, handshake(**fields), replies=1)
        assert [reply.status for reply in conversation.replies] == [200]
        (call,) = upstream.calls
        assert_canonical(call)
        assert not call.values("http2-settings")
        upstream.response = switching(upgrade=upgrade)
        conversation = await converse(public.port, handshake(**fields), replies=1)
        assert [reply.status for reply in conversation.replies] == [502]


async def test_without_the_routes_leave_it_is_a_request_like_any_other(
    upstream: Upstream, lines: list[Mapping[str, Any]]
) -> None:
    async with public_server(upstream_at(upstream.port)) as public:
        conversation = await converse(public.port, handshake() + SMUGGLED)
        await until(lambda: lines)
        assert [(line["status"], line.get("websocket")) for line in lines] == [(200, "not_allowed")]
        assert [reply.status for reply in conversation.replies] == [200]
        assert conversation.closed, "what follows may be meant for a tunnel"
        (call,) = upstream.calls
        assert_canonical(call)
        upstream.response = switching()
        conversation = await converse(public.port, handshake(), replies=1)
        assert [reply.status for reply in conversation.replies] == [502]


# The tunnel


async def test_what_is_sent_before_the_101_is_neither_a_request_nor_forwarded_before_it(upstream: Upstream) -> None:
    switches = asyncio.Event()

    async def late(call: UpstreamCall, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await reader.read(1)
        await switches.wait()
        await accepting(echo)(call, reader, writer)

    upstream.script = late
    async with serving_websockets(upstream) as public, peer(public.port, handshake() + SMUGGLED) as client:
        await asyncio.sleep(0.3)
        assert len(upstream.calls) == 1
        switches.set()
        await client.switched()
        await client.receives(SMUGGLED)
        assert len(upstream.calls) == 1


async def test_what_comes_with_the_101_arrives(upstream: Upstream) -> None:
    upstream.script = accepting(echo, beginning=b"hello")
    async with serving_websockets(upstream) as public, peer(public.port, handshake()) as client:
        await client.switched()
        await client.receives(b"hello")


@pytest.mark.parametrize("slow", ["client", "upstream"])
async def test_a_side_that_takes_nothing_stops_the_other(slow: str, upstream: Upstream) -> None:
    """So that what the gateway holds is bounded; and all of it arrives in the end."""
    total, sent = 64 * 1024 * 1024, 0
    goes_on = asyncio.Event()

    async def send(writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        while sent < total:
            writer.write(b"a" * 65536)
            await writer.drain()
            sent += 65536

    async def sender(_: UpstreamCall, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await send(writer)

    async def taker(_: UpstreamCall, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await goes_on.wait()
        await reader.readexactly(total)
        writer.write(b"all")

    upstream.script = accepting(sender if slow == "client" else taker)
    async with serving_websockets(upstream) as public, peer(public.port, handshake()) as client:
        await client.switched()
        sending = asyncio.create_task(asyncio.sleep(0) if slow == "client" else send(client.writer))
        stalled_at = -1
        while stalled_at != sent or not sent:
            stalled_at = sent
            await asyncio.sleep(0.3)
        assert sent < total // 2
        goes_on.set()
        await client.receives(b"a" * total if slow == "client" else b"all")
        await sending


@pytest.mark.parametrize("talker", ["client", "upstream"])
async def test_a_silent_tunnel_ends_and_one_in_which_either_side_sends_does_not(
    talker: str, upstream: Upstream, lines: list[Mapping[str, Any]]
) -> None:
    talks = True

    async def talk(writer: asyncio.StreamWriter) -> None:
        while talks:
            writer.write(b"x")
            await asyncio.sleep(0.02)

    async def tunnel(_: UpstreamCall, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if talker == "upstream":
            await talk(writer)
        await reader.read()

    upstream.script = accepting(tunnel)
    async with (
        serving_websockets(upstream, websocket_idle_timeout=0.5) as public,
        peer(public.port, handshake()) as client,
    ):
        await client.switched()
        talking = asyncio.create_task(talk(client.writer) if talker == "client" else asyncio.sleep(0))
        await asyncio.sleep(1.5)
        assert public.metric("gateway_open_tunnels") == 1
        talks = False
        await talking
        await client.ended()
        await until(lambda: upstream.open == 0)
        assert public.metric("gateway_open_tunnels") == 0
    assert [(line["status"], line["cause"]) for line in lines] == [(101, "tunnel_idle")]


async def test_a_side_may_end_its_half_and_still_receive(upstream: Upstream) -> None:
    async def tunnel(_: UpstreamCall, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.read() == b"the last request"
        writer.write(b"the last response")

    upstream.script = accepting(tunnel)
    async with serving_websockets(upstream) as public, peer(public.port, handshake()) as client:
        await client.switched()
        client.writer.write(b"the last request")
        client.writer.write_eof()
        assert await client.ended() == b"the last response"
        await until(lambda: public.metric("gateway_open_tunnels") == upstream.open == 0)
        assert public.metric("gateway_open_connections") == 0


@pytest.mark.parametrize("leaver", ["client", "upstream"])
async def test_when_one_side_is_lost_the_other_ends(leaver: str, upstream: Upstream) -> None:
    leaves = asyncio.Event()

    async def tunnel(_: UpstreamCall, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if leaver == "upstream":
            await leaves.wait()
            Peer(reader, writer).reset()
        await reader.read()

    upstream.script = accepting(tunnel)
    async with serving_websockets(upstream) as public, peer(public.port, handshake()) as client:
        await client.switched()
        leaves.set()
        if leaver == "client":
            client.reset()
        else:
            assert await client.ended() == b""
        await until(lambda: public.metric("gateway_open_tunnels") == upstream.open == 0)
        await until(lambda: public.metric("gateway_open_connections") == 0)


@pytest.mark.parametrize("leaver", ["client", "upstream", "client in order"])
async def test_what_cannot_be_written_down_leaves_no_side_open(
    leaver: str, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = asyncio.Event()

    async def tunnel(call: UpstreamCall, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if leaver == "upstream":
            await released.wait()
        else:
            await reader.read()

    def faulty(*_: object) -> None:
        raise RuntimeError("a fault of ours")

    upstream.script = accepting(tunnel)
    monkeypatch.setattr(Report, "ended", faulty)
    async with serving_websockets(upstream) as public, peer(public.port, handshake()) as client:
        await client.switched()
        if leaver == "client":
            client.reset()
        elif leaver == "upstream":
            released.set()
            await client.ended()
        client.writer.close()
        await until(lambda: upstream.open == 0)
        await until(lambda: public.metric("gateway_open_connections") == 0)
        assert public.metric("gateway_open_tunnels") == 0


async def test_a_client_that_leaves_before_the_101_ends_the_call(upstream: Upstream) -> None:
    async def silent(_: UpstreamCall, reader: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
        await reader.read()

    upstream.script = silent
    async with serving_websockets(upstream) as public:
        async with peer(public.port, handshake()):
            await until(lambda: upstream.calls)
        await until(lambda: public.metric("gateway_open_tunnels") == upstream.open == 0)


async def test_its_connection_is_never_used_again_and_counts_among_the_upstreams(upstream: Upstream) -> None:
    upstream.script = accepting(echo)
    async with serving_websockets(upstream, connections=4) as public:
        async with peer(public.port, handshake()) as first, peer(public.port, handshake()) as second:
            await first.switched()
            await second.switched()
            third = await converse(public.port, handshake(), replies=1)
            assert [reply.status for reply in third.replies] == [503], "one client has half of the connections"
            assert b'"code":"overloaded"' in third.raw
        await until(lambda: upstream.open == 0)
        upstream.reset()
        conversation = await converse(public.port, get(), replies=1)
        assert [reply.status for reply in conversation.replies] == [200]
        assert [bytes(raw).count(b"HTTP/1.1") for raw in upstream.raw] == [1]


async def test_a_stop_ends_it_when_its_grace_is_over(upstream: Upstream, lines: list[Mapping[str, Any]]) -> None:
    upstream.script = accepting(echo)
    async with serving_websockets(upstream) as public, peer(public.port, handshake()) as client:
        await client.switched()
        stopping = asyncio.create_task(public.server.stop())
        client.writer.write(b"still served")
        await client.receives(b"still served")
        assert await client.ended() == b""
        await stopping
        await until(lambda: upstream.open == 0)
    assert [(line["status"], line["cause"]) for line in lines] == [(101, "shutdown")]
