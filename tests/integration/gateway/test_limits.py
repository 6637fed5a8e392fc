"""Limits in size and time, and what a stranger on the public port can reach at all."""

import asyncio
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from gateway.proxy import client_connection
from shared.http.connection import HEAD_TIMEOUT_S
from tests.support.harness.gateway import surroundings
from tests.support.harness.gateway_process import GatewayProcess
from tests.support.http1.client import converse
from tests.support.http1.framing_payloads import get, head
from tests.support.http1.upstream import Upstream

SMALL = b"POST /small HTTP/1.1"


@pytest.mark.parametrize(
    ("payload", "status"),
    [
        (get(b"GET /echo/" + b"a" * 8192 + b" HTTP/1.1"), 414),
        (get(b"GET /echo/" + b"a" * 60_000 + b" HTTP/1.1"), 414),
        (get(b"GET /echo HTTP/1.1", *(b"X-%d: y" % n for n in range(100))), 431),
        (get(b"GET /echo HTTP/1.1", b"X: " + b"y" * 16_384), 431),
        (get(b"GET /echo HTTP/1.1", b"X: " + b"y" * 1_000_000), 431),
        (head(b"Content-Length: 1001", line=SMALL), 413),
        (head(b"Content-Length: 999999999999", line=SMALL), 413),
        (head(b"Transfer-Encoding: chunked", line=SMALL) + b"3e9\r\n" + b"x" * 1001 + b"\r\n0\r\n\r\n", 413),
        (head(b"Transfer-Encoding: chunked", line=SMALL) + b"1\r\nx\r\n" * 1001 + b"0\r\n\r\n", 413),
        (head(b"Transfer-Encoding: chunked", line=SMALL) + b"1;" + b"e" * 1025 + b"\r\nx\r\n0\r\n\r\n", 413),
        (head(b"Content-Length: 5", b"Expect: 100-continue", line=b"POST /nowhere HTTP/1.1"), 404),
        (head(b"Content-Length: 5", b"Expect: magic"), 417),
    ],
)
async def test_a_request_over_a_limit_is_refused_with_its_own_status(
    payload: bytes, status: int, gateway: GatewayProcess, upstream: Upstream
) -> None:
    started = time.monotonic()
    conversation = await converse(gateway.port, payload, replies=1, quiet=1.5)
    assert [reply.status for reply in conversation.replies] == [status]
    assert time.monotonic() - started < 2
    assert [call.complete for call in upstream.calls] in ([], [False])


async def test_what_is_just_within_the_limits_goes_through(gateway: GatewayProcess, upstream: Upstream) -> None:
    target = b"/echo/" + b"a" * (8192 - 6)
    for payload in (
        get(b"GET " + target + b" HTTP/1.1"),
        get(b"GET /echo HTTP/1.1", *(b"X-%d: y" % n for n in range(99))),
        get(b"GET /echo HTTP/1.1", b"X: " + b"y" * 16_300),
        head(b"Content-Length: 1000", line=SMALL) + b"x" * 1000,
        head(b"Transfer-Encoding: chunked", line=SMALL) + b"3e8\r\n" + b"x" * 1000 + b"\r\n0\r\n\r\n",
    ):
        conversation = await converse(gateway.port, payload, replies=1)
        assert [reply.status for reply in conversation.replies] == [200]


async def test_a_client_that_waits_for_100_gets_it_after_it_is_admitted(
    gateway: GatewayProcess, upstream: Upstream
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    writer.write(head(b"Content-Length: 5", b"Expect: 100-continue"))
    assert await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 1) == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(b"hello")
    assert (await asyncio.wait_for(reader.readuntil(b"\r\n"), 1)).startswith(b"HTTP/1.1 200")
    writer.close()
    assert upstream.calls[0].body == b"hello"


async def test_a_slow_head_gets_408_when_its_time_is_over_and_disturbs_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert HEAD_TIMEOUT_S == 10
    monkeypatch.setattr(client_connection, "HEAD_TIMEOUT_S", 0.6)
    async with surroundings(tmp_path) as around, around.gateway() as gateway:
        port = urlsplit(gateway.url).port or 0
        slow = [asyncio.create_task(drip(port)) for _ in range(5)]
        idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(200)]
        for _ in range(20):
            assert await gateway.status("/open", {}) == 200
        responses = await asyncio.gather(*slow)
        assert [response.partition(b" ")[2][:3] for response in responses] == [b"408"] * 5
        # Of who never sent anything the connection ends in the same time, without a word.
        assert await asyncio.gather(*(reader.read() for reader, _ in idle)) == [b""] * 200
        for _, writer in idle:
            writer.close()


async def drip(port: int) -> bytes:
    """What a client gets that sends a head for ever."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /open HTTP/1.1\r\nHost: a\r\n")
    response = asyncio.create_task(reader.read())
    while not response.done():
        writer.write(b"X: y\r\n")
        await asyncio.wait([response], timeout=0.1)
    writer.transport.abort()
    return response.result()


@pytest.mark.parametrize(
    "path",
    [
        b"/metrics",
        b"/health",
        b"/health/ready",
        b"/internal/v1/changes",
        b"/Internal/v1/x",
        b"/docs",
        b"/openapi.json",
    ],
)
async def test_what_is_for_operators_is_not_on_the_public_port(path: bytes, gateway: GatewayProcess) -> None:
    conversation = await converse(gateway.port, get(b"GET " + path + b" HTTP/1.1"), replies=1)
    assert [reply.status for reply in conversation.replies] == [404]


@pytest.mark.parametrize("target", [b"/health/live", b"/health/live?x=1", b"http://gateway.example/health/live"])
async def test_its_own_liveness_is_on_the_public_port(target: bytes, gateway: GatewayProcess) -> None:
    conversation = await converse(gateway.port, get(b"GET " + target + b" HTTP/1.1"), replies=1)
    assert [reply.status for reply in conversation.replies] == [200]


async def test_a_wrong_method_gets_the_list_of_the_right_ones(gateway: GatewayProcess) -> None:
    conversation = await converse(gateway.port, get(b"DELETE /protected HTTP/1.1"), replies=1)
    assert [reply.status for reply in conversation.replies] == [405]
    assert conversation.replies[0].values("allow") == ["GET, HEAD, POST"]


async def test_a_refusal_is_found_in_the_log_by_its_request_id(gateway: GatewayProcess) -> None:
    conversation = await converse(gateway.port, get(b"GET /protected?token=secret HTTP/1.1"), replies=1)
    rid = conversation.replies[0].values("x-request-id")[0]
    line = await gateway.logged("request", request_id=rid)
    assert (line["status"], line["cause"], line["route"]) == (401, "no_credential", "protected")
    assert line["path"] == "/protected"
    assert "secret" not in "".join(gateway.log)


async def test_what_is_stopped_is_not_known_so_a_token_cannot_be_judged(gateway: GatewayProcess) -> None:
    """The registry and the issuer of these tests are unavailable."""
    token = b"eyJhbGciOiJSUzM4NCIsImtpZCI6ImEifQ.e30.AAAA"
    conversation = await converse(
        gateway.port, get(b"GET /protected HTTP/1.1", b"Authorization: Bearer " + token), replies=1
    )
    assert [reply.status for reply in conversation.replies] == [503]
    assert conversation.replies[0].values("retry-after") == ["1"]
