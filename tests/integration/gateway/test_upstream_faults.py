"""What an upstream does wrong is a 502, 503 or 504 or a visible cut, and never the answer to another request."""

import asyncio
import contextlib
import socket
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.support.harness.gateway_process import GatewayProcess, gateway_process
from tests.support.http1.client import Conversation, converse
from tests.support.http1.framing_payloads import BAD_RESPONSES, get, head
from tests.support.http1.response_payloads import BODY, HEAD
from tests.support.http1.upstream import OK, Script, Upstream, UpstreamCall

FAULT = get(b"GET /echo/fault HTTP/1.1")


def responding(response: bytes, *, then: Callable[[asyncio.StreamWriter], Awaitable[None]] | None = None) -> Script:
    """Answers `/echo/fault` like this, and any other target with the target itself."""

    async def script(call: UpstreamCall, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if call.target.startswith("/echo/fault"):
            writer.write(response)
            await writer.drain()
            if then is not None:
                await then(writer)
            return
        body = call.target.encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        await writer.drain()

    return script


async def finish(writer: asyncio.StreamWriter) -> None:
    writer.close()


async def reset(writer: asyncio.StreamWriter) -> None:
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    await asyncio.sleep(0.05)
    writer.transport.abort()


async def stall(_: asyncio.StreamWriter) -> None:
    await asyncio.sleep(5)


async def assert_own_responses(gateway: GatewayProcess, upstream: Upstream) -> None:
    """The next requests, on the same pool of connections, get their own answers."""
    for number in range(3):
        conversation = await converse(gateway.port, get(b"GET /echo/next/%d HTTP/1.1" % number), replies=1)
        assert [reply.body for reply in conversation.replies] == [b"/echo/next/%d" % number]


def assert_failed(conversation: Conversation, *statuses: int) -> None:
    """Either our own error, or an answer that is visibly not whole."""
    for reply in conversation.replies:
        assert reply.status in statuses or not reply.whole
        if reply.status in statuses:
            assert reply.values("content-type") == ["application/problem+json"]
            assert b"aiohttp" not in reply.body
            assert len(reply.body) < 500
    if not conversation.replies or not conversation.replies[0].whole:
        assert conversation.closed


@pytest.mark.parametrize("name", BAD_RESPONSES)
async def test_a_response_with_two_readings_is_a_502(
    name: str, gateway: GatewayProcess, upstream: Upstream
) -> None:
    upstream.script = responding(BAD_RESPONSES[name])
    conversation = await converse(gateway.port, FAULT, replies=1)
    assert [reply.status for reply in conversation.replies] == [502]
    assert_failed(conversation, 502)
    await assert_own_responses(gateway, upstream)


@pytest.mark.parametrize(
    ("response", "then", "status"),
    [
        (b"", finish, 502),
        (b"", reset, 502),
        (b"", stall, 504),
        (HEAD + b"X: y\r\n", finish, 502),
        (HEAD + b"X: y\r\n", reset, 502),
        (HEAD + b"X: y\r\n", stall, 504),
        (HEAD + b"Content-Length: 10\r\n\r\nhello", finish, 502),
        (HEAD + b"Content-Length: 10\r\n\r\nhello", reset, 502),
        (HEAD + b"Content-Length: 10\r\n\r\nhello", stall, 504),
        (HEAD + b"Content-Length: 10\r\n\r\n", finish, 502),
        (HEAD + b"Content-Length: 10\r\n\r\n", stall, 504),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", finish, 502),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", reset, 502),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", stall, 504),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n", finish, 502),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel", finish, 502),
        (HEAD + b"\r\nhello", reset, 502),
        (b"HTTP/1.0 200 OK\r\n\r\nhello", reset, 502),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n", finish, 502),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n", stall, 504),
    ],
)
async def test_an_unfinished_response_is_an_error_or_a_visible_cut(
    response: bytes,
    then: Callable[[asyncio.StreamWriter], Awaitable[None]],
    status: int,
    gateway: GatewayProcess,
    upstream: Upstream,
) -> None:
    upstream.script = responding(response, then=then)
    started = time.monotonic()
    conversation = await converse(gateway.port, FAULT, replies=1, quiet=3)
    assert time.monotonic() - started < 2.5
    assert_failed(conversation, status)
    await assert_own_responses(gateway, upstream)


@pytest.mark.parametrize("delay", [0.0, 0.01, 0.1])
async def test_a_response_that_nobody_requested_is_nobodys(
    delay: float, gateway: GatewayProcess, upstream: Upstream
) -> None:
    async def more(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(delay)
        writer.write(HEAD + BODY)

    upstream.script = responding(HEAD + b"Content-Length: 4\r\n\r\nmine", then=more)
    await converse(gateway.port, FAULT, replies=1)
    await asyncio.sleep(delay + 0.05)
    await assert_own_responses(gateway, upstream)


@pytest.mark.parametrize(
    ("response", "body"),
    [
        (OK, b'{"ok":true}'),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", b"hello"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nX: y\r\n\r\n", b"hello"),
        (HEAD + b"Content-Length: 0\r\n\r\n", b""),
        (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK, b'{"ok":true}'),
        (b"HTTP/1.1 200\r\n" + BODY, b"hello"),
        (b"HTTP/1.1 200 \r\n" + BODY, b"hello"),
    ],
)
async def test_a_sound_response_arrives_whole(
    response: bytes, body: bytes, gateway: GatewayProcess, upstream: Upstream
) -> None:
    upstream.response = response
    conversation = await converse(gateway.port, get(), replies=1)
    assert [(reply.status, reply.body, reply.whole) for reply in conversation.replies] == [(200, body, True)]


async def test_a_body_that_ends_with_its_connection_is_whole_when_that_ends_in_order(
    gateway: GatewayProcess, upstream: Upstream
) -> None:
    upstream.script = responding(b"HTTP/1.0 200 OK\r\n\r\nhello", then=finish)
    conversation = await converse(gateway.port, FAULT, replies=1)
    assert [(reply.body, reply.whole) for reply in conversation.replies] == [(b"hello", True)]


@pytest.mark.parametrize("status", [204, 304])
async def test_a_response_without_a_body_stays_without(
    status: int, gateway: GatewayProcess, upstream: Upstream
) -> None:
    upstream.response = b"HTTP/1.1 %d X\r\nETag: x\r\n\r\n" % status
    conversation = await converse(gateway.port, get() + get(), replies=2)
    assert [reply.status for reply in conversation.replies] == [status, status]
    assert conversation.raw.count(b"chunked") == 0


async def test_head_gets_the_fields_and_no_body(gateway: GatewayProcess, upstream: Upstream) -> None:
    upstream.response = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
    conversation = await converse(
        gateway.port, get(b"HEAD /echo HTTP/1.1") + get(b"HEAD /echo HTTP/1.1"), quiet=0.2
    )
    assert conversation.raw.count(b"HTTP/1.1 200 OK\r\n") == 2
    assert conversation.raw.count(b"Content-Length: 1000\r\n") == 2
    assert conversation.raw.endswith(b"\r\n\r\n")


async def test_what_may_have_been_processed_is_not_sent_again(gateway: GatewayProcess, upstream: Upstream) -> None:
    for method in (b"GET", b"PUT", b"DELETE", b"POST", b"PATCH"):
        for then in (finish, reset):
            upstream.reset()
            upstream.script = responding(b"", then=then)
            request = get(method + b" /echo/fault HTTP/1.1")
            await converse(
                gateway.port, get(b"GET /echo/first HTTP/1.1"), replies=1
            )  # a connection to be used again
            conversation = await converse(gateway.port, request, replies=1)
            assert [reply.status for reply in conversation.replies] == [502]
            times = 2 if method == b"GET" else 1
            assert [call.target for call in upstream.calls] == ["/echo/first", *["/echo/fault"] * times]


@pytest.mark.parametrize("ended", [finish, reset])
@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"OPTIONS"])
async def test_a_safe_request_is_sent_once_more_when_a_reused_connection_ends_before_any_byte_of_the_response(
    method: bytes,
    ended: Callable[[asyncio.StreamWriter], Awaitable[None]],
    gateway: GatewayProcess,
    upstream: Upstream,
) -> None:
    async def end_the_second(call: UpstreamCall, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(upstream.calls) == 2:
            await ended(writer)
        else:
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")

    upstream.script = end_the_second
    await converse(gateway.port, get(b"GET /echo/first HTTP/1.1"), replies=1)
    conversation = await converse(gateway.port, get(method + b" /echo/again HTTP/1.1"), replies=1)
    assert [reply.status for reply in conversation.replies] == [204]
    assert [call.target for call in upstream.calls] == ["/echo/first", "/echo/again", "/echo/again"]


async def test_a_safe_request_is_not_sent_again_once_it_has_a_body_or_the_response_has_begun(
    gateway: GatewayProcess, upstream: Upstream
) -> None:
    with_body = get(b"GET /echo/fault HTTP/1.1", b"Content-Length: 1") + b"x"
    for response, request in ((b"", with_body), (b"H", FAULT), (b"HTTP/1.1 103 Early Hints\r\n\r\n", FAULT)):
        upstream.reset()
        upstream.script = responding(response, then=finish)
        await converse(gateway.port, get(b"GET /echo/first HTTP/1.1"), replies=1)
        conversation = await converse(gateway.port, request, replies=1)
        assert [reply.status for reply in conversation.replies] == [502]
        assert [call.target for call in upstream.calls] == ["/echo/first", "/echo/fault"]


async def test_a_safe_request_on_a_new_connection_is_not_sent_again(
    upstream: Upstream, service_secrets: Path, tmp_path: Path
) -> None:
    upstream.script = responding(b"", then=finish)
    async with gateway_process(tmp_path, service_secrets, upstream.port) as gateway:
        conversation = await converse(gateway.port, FAULT, replies=1)
    assert [reply.status for reply in conversation.replies] == [502]
    assert len(upstream.calls) == 1


async def test_a_full_upstream_is_an_early_503_with_a_cause_and_a_metric_of_its_own(
    gateway: GatewayProcess, upstream: Upstream
) -> None:
    released = asyncio.Event()

    async def hold(_: UpstreamCall, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await released.wait()
        writer.write(OK)

    upstream.script = hold
    before = len(gateway.log)
    held = asyncio.create_task(converse(gateway.port, get(b"GET /one HTTP/1.1"), replies=1))
    try:
        while not upstream.calls:
            await asyncio.sleep(0.01)
        conversation = await converse(gateway.port, get(b"GET /one HTTP/1.1"), replies=1)
    finally:
        released.set()
    (reply,) = conversation.replies
    assert (reply.status, reply.values("retry-after")) == (503, ["1"])
    assert b'"code":"overloaded"' in reply.body
    assert len(upstream.calls) == 1
    assert [reply.status for reply in (await held).replies] == [200]
    line = await gateway.logged("request", after=before, status=503)
    assert (line["cause"], line["upstream"]) == ("connections_in_use", "one")
    metrics = (await converse(gateway.ops_port, get(b"GET /metrics HTTP/1.1", b"Connection: close"))).raw.decode()
    labels = 'cause="connections_in_use",route="one",status="503",upstream="one"'
    assert f"gateway_upstream_failures_total{{{labels}}}" in metrics


async def test_an_upstream_that_is_down_is_a_warning_that_names_it_and_not_one_a_request(
    upstream: Upstream, service_secrets: Path, tmp_path: Path
) -> None:
    async with gateway_process(tmp_path, service_secrets, upstream.port) as gateway:
        for _ in range(5):
            await converse(gateway.port, get(b"GET /gone HTTP/1.1"), replies=1)
        await gateway.logged("request", route="gone", status=503)
    (warning,) = gateway.lines("upstream.failed")
    assert (warning["level"], warning["upstream"], warning["cause"]) == ("warning", "gone", "unreachable")


async def test_a_route_may_ask_for_one_more_try_of_what_is_idempotent(
    gateway: GatewayProcess, upstream: Upstream
) -> None:
    async def lose_the_first(call: UpstreamCall, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(upstream.calls) == 1:
            writer.close()
        else:
            writer.write(OK)

    upstream.script = lose_the_first
    conversation = await converse(gateway.port, get(b"GET /retry HTTP/1.1"), replies=1)
    assert [reply.status for reply in conversation.replies] == [200]
    assert len(upstream.calls) == 2
    upstream.calls.clear()
    conversation = await converse(gateway.port, get(b"POST /retry HTTP/1.1"), replies=1)
    assert [reply.status for reply in conversation.replies] == [502]
    assert len(upstream.calls) == 1


async def test_an_upstream_that_is_not_there_is_a_503(gateway: GatewayProcess) -> None:
    conversation = await converse(gateway.port, get(b"GET /gone HTTP/1.1"), replies=1)
    assert [reply.status for reply in conversation.replies] == [503]
    assert conversation.replies[0].values("retry-after") == ["1"]


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def routed_to(gateway: GatewayProcess, serve: Serve) -> AsyncIterator[None]:
    """The route `/early` leads to an upstream that responds before it has read a whole request."""
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    text, before = gateway.routes_file.read_text(), len(gateway.log)
    try:
        members = "name: early, path: /early, methods: any, credential: none, upstream: early, max_body: 200000"
        route = f"routes:\n  - {{{members}}}\n"
        address = f'upstreams:\n  early: {{url: "http://127.0.0.1:{port}"}}\n'
        gateway.routes_file.write_text(text.replace("routes:\n", route).replace("upstreams:\n", address))
        await gateway.logged("route_file.loaded", after=before, routes=text.count("name: ") + 1)
        yield
    finally:
        gateway.routes_file.write_text(text)
        server.close()


async def test_an_early_response_to_an_upload_arrives(gateway: GatewayProcess, upstream: Upstream) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig")
        await writer.drain()
        await asyncio.sleep(0.3)
        writer.close()

    async with routed_to(gateway, refuse):
        request = head(b"Content-Length: 200000", line=b"POST /early HTTP/1.1")
        conversation = await converse(gateway.port, request, b"x" * 70_000, replies=1)
        assert [(reply.status, reply.body) for reply in conversation.replies] == [(413, b"big")]


@pytest.mark.parametrize(
    ("rest", "cause"),
    [(b"zz\r\n", "malformed_body"), (b"30d41\r\n" + b"x" * 200_001 + b"\r\n", "too_large")],
)
async def test_a_bad_body_that_comes_after_the_responses_head_is_the_clients_fault_and_ends_the_call_at_once(
    rest: bytes, cause: str, gateway: GatewayProcess, upstream: Upstream
) -> None:
    upstream_left = asyncio.Event()

    async def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"first")
        writer.write(HEAD + b"Content-Length: 10\r\n\r\nhello")
        with contextlib.suppress(ConnectionError):
            while await reader.read(65536):
                pass
        writer.close()
        upstream_left.set()

    async with routed_to(gateway, begin):
        before = len(gateway.log)
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        writer.write(head(b"Transfer-Encoding: chunked", line=b"POST /early HTTP/1.1") + b"5\r\nfirst\r\n")
        writer.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")  # less is collected before anything goes upstream
        await reader.readuntil(b"hello")
        writer.write(rest)
        line = await gateway.logged("request", after=before, route="early")
        with contextlib.suppress(ConnectionError):
            assert await reader.read() == b""
        await upstream_left.wait()
        writer.close()
    assert line["cause"] == cause
    assert float(str(line["duration_ms"])) < 20_000  # the route's idle_timeout is longer
    assert not [line for line in gateway.lines("upstream.failed", before) if line["upstream"] == "early"]


async def test_a_client_that_leaves_ends_its_upstream_call_within_a_second(
    gateway: GatewayProcess, upstream: Upstream
) -> None:
    ended = asyncio.Event()

    async def wait_for_the_end(_: UpstreamCall, reader: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
        assert await reader.read(1) == b""
        ended.set()

    upstream.script = wait_for_the_end
    _, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    writer.write(get())
    while not upstream.calls:
        await asyncio.sleep(0.01)
    writer.close()
    await asyncio.wait_for(ended.wait(), 1)


async def test_a_client_that_leaves_in_mid_response_ends_its_upstream_call_within_a_second(
    gateway: GatewayProcess, upstream: Upstream
) -> None:
    ended = asyncio.Event()

    async def send_for_ever(_: UpstreamCall, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        try:
            while True:
                writer.write(b"5\r\nhello\r\n")
                await writer.drain()
                await asyncio.sleep(0.02)
        finally:
            ended.set()

    upstream.script = send_for_ever
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    writer.write(get())
    await reader.readuntil(b"hello")
    writer.close()
    await asyncio.wait_for(ended.wait(), 1)
