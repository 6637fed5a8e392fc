"""Calls over one connection: when it is used again, when a request is repeated, and how a call ends without one."""

import asyncio
import gc
import socket
import struct
import time
from typing import Any

import pytest

from shared.errors import Unavailable
from shared.http import client as service_client
from shared.http.calls.connection import CallConnection
from shared.http.calls.response import InvalidResponse
from shared.http.client import ServiceClient
from tests.support.http1.response_payloads import HEAD
from tests.support.http1.upstream import OK, Script, Upstream, UpstreamCall
from tests.support.waiting import BUSY_MACHINE_LIMIT_S, until
from tests.unit.shared.http.calls.conftest import MakeClient

BODY = b"Content-Length: 11\r\n\r\n" + b'{"ok":true}'
SILENT_S = 0.05
"""The time of a call that gets no response."""
SLOW_S = 0.3


def writes(*pieces: bytes, closes: bool = False) -> Script:
    """Each in a packet of its own."""

    async def script(call: UpstreamCall, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.001)
        if closes:
            writer.close()

    return script


async def hangs(call: UpstreamCall, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def connections_after_a_second_call(callee: Upstream, client: ServiceClient) -> int:
    """So many were made for two calls."""
    assert await client.get("/1") == {"ok": True}
    callee.script, callee.response = None, OK
    assert await client.get("/2") == {"ok": True}
    return len(callee.raw)


# Using a connection again


async def test_a_connection_is_used_again(callee: Upstream, client: ServiceClient) -> None:
    for number in range(5):
        assert await client.post(f"/{number}", {"n": number}) == {"ok": True}
    assert len(callee.raw) == 1
    assert [(call.target, call.body) for call in callee.calls][4] == ("/4", b'{"n":4}')


@pytest.mark.parametrize(
    "response",
    [
        HEAD + b"Connection: close\r\n" + BODY,
        b"HTTP/1.0 200 OK\r\n" + BODY,
        HEAD + BODY + b"x",
        HEAD + BODY + HEAD + BODY,
    ],
    ids=["it says close", "HTTP/1.0", "a byte more", "a second response"],
)
async def test_a_connection_that_may_carry_no_more_is_not_used_again(
    callee: Upstream, client: ServiceClient, response: bytes
) -> None:
    callee.response = response
    assert await connections_after_a_second_call(callee, client) == 2


async def test_a_response_to_nothing_is_no_response_to_the_next_request(
    callee: Upstream, client: ServiceClient
) -> None:
    callee.script = writes(HEAD + BODY, HEAD + b"Content-Length: 5\r\n\r\n-false")
    assert await client.get("/1") == {"ok": True}
    await until(lambda: callee.open == 0)
    callee.script = None
    assert await client.get("/2") == {"ok": True}


async def test_a_response_until_close_is_complete_with_the_connection(
    callee: Upstream, client: ServiceClient
) -> None:
    callee.script = writes(HEAD + b"\r\n{", b'"ok":', b"true}", closes=True)
    assert await connections_after_a_second_call(callee, client) == 2


async def test_a_connection_that_was_closed_while_idle_is_not_used(callee: Upstream, client: ServiceClient) -> None:
    callee.script = writes(OK, closes=True)
    await client.get("/1")
    await until(lambda: callee.open == 0)
    callee.script = None
    assert await client.post("/2", {}) == {"ok": True}
    assert [call.target for call in callee.calls] == ["/1", "/2"]


async def test_a_request_that_was_not_taken_whole_is_the_last(callee: Upstream, client: ServiceClient) -> None:
    large = bytes(32 * 1024 * 1024)
    server = await asyncio.start_server(lambda r, w: _refuses(r, w, accepted), "127.0.0.1", 0)
    accepted: list[asyncio.StreamWriter] = []
    async with server:
        eager = ServiceClient(
            f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", timeout=BUSY_MACHINE_LIMIT_S
        )
        await eager.start()
        for number in (1, 2):
            assert await eager.request("POST", "/", large) == (413, None)
            assert len(accepted) == number
        await eager.stop()


async def _refuses(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, accepted: list[asyncio.StreamWriter]
) -> None:
    accepted.append(writer)
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")


# Repeating a request


@pytest.mark.parametrize(("method", "repeatable"), [("GET", False), ("POST", True)])
async def test_what_has_no_effect_is_repeated_where_the_callee_was_just_closing(
    callee: Upstream, client: ServiceClient, method: str, repeatable: bool
) -> None:
    await client.get("/1")
    closing = writes(closes=True)

    async def once(call: UpstreamCall, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        callee.script = None
        await closing(call, reader, writer)

    callee.script = once
    assert await client.request(method, "/2", repeatable=repeatable) == (200, {"ok": True})
    assert [call.target for call in callee.calls] == ["/1", "/2", "/2"]


async def test_a_get_is_repeated_once(callee: Upstream, make_client: MakeClient) -> None:
    client = await make_client()
    await asyncio.gather(client.get("/1"), client.get("/1"))  # two connections
    callee.script = writes(closes=True)
    with pytest.raises(Unavailable, match="temporarily unavailable") as raised:
        await client.get("/2")
    assert raised.value.detail.endswith(": ConnectionEnded")
    assert [call.target for call in callee.calls] == ["/1", "/1", "/2", "/2"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_what_may_have_been_done_is_not_requested_again(
    callee: Upstream, client: ServiceClient, method: str
) -> None:
    await client.get("/1")
    callee.script = writes(closes=True)
    with pytest.raises(Unavailable):
        await client.request(method, "/2", b"{}")
    assert [call.target for call in callee.calls] == ["/1", "/2"]


@pytest.mark.parametrize("begun", [b"", b"H", HEAD + b"Content-Length: 11\r\n\r\n{"], ids=["new", "H", "body"])
async def test_a_get_whose_response_had_begun_or_on_a_new_connection_is_not_repeated(
    callee: Upstream, client: ServiceClient, begun: bytes
) -> None:
    before = 0
    if begun:
        await client.get("/1")
        before = 1
    callee.script = writes(*([begun] if begun else []), closes=True)
    with pytest.raises(Unavailable):
        await client.get("/2")
    assert len(callee.calls) == before + 1


async def test_a_redirect_is_not_followed(callee: Upstream, client: ServiceClient) -> None:
    callee.response = b"HTTP/1.1 302 Found\r\nLocation: /3\r\nContent-Length: 0\r\n\r\n"
    assert await client.request("GET", "/2") == (302, None)
    assert len(callee.calls) == 1


# Ends without a response


@pytest.mark.parametrize(
    "pieces",
    [
        [],
        [HEAD],
        [HEAD + b"Content-Length: 11\r\n\r\n{"],
        [HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"],
        [HEAD + b"\r\n{}"],
        [b"HTTP/1.1 100 Continue\r\n\r\n"],
    ],
    ids=["nothing", "a head", "some of the body", "some chunks", "no end", "an interim response"],
)
async def test_a_call_without_a_complete_response_ends_with_its_time(
    callee: Upstream, make_client: MakeClient, pieces: list[bytes]
) -> None:
    async def stalls(call: UpstreamCall, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await writes(*pieces)(call, reader, writer)
        await hangs(call, reader, writer)

    callee.script = stalls
    client = await make_client(timeout=SILENT_S)
    with pytest.raises(Unavailable) as raised:
        await client.get("/")
    assert raised.value.detail == f"GET http://127.0.0.1:{callee.port}: TimeoutError"
    await until(lambda: callee.open == 0)


async def test_a_response_that_drips_has_no_more_time_than_another(
    callee: Upstream, make_client: MakeClient
) -> None:
    async def drips(call: UpstreamCall, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"Content-Length: 1000000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.005)

    callee.script = drips
    client = await make_client(timeout=SILENT_S)
    with pytest.raises(Unavailable, match="temporarily"):
        await client.get("/")
    await until(lambda: callee.open == 0)


async def test_each_call_on_a_connection_has_its_own_time(callee: Upstream, client: ServiceClient) -> None:
    """A long one before leaves the next no more, and a short one no less."""
    await client.fetch("/1", timeout_s=BUSY_MACHINE_LIMIT_S)
    began = time.monotonic()
    callee.script = hangs
    with pytest.raises(Unavailable):
        await client.fetch("/2", timeout_s=0.4)
    assert 0.35 <= time.monotonic() - began < BUSY_MACHINE_LIMIT_S / 2

    async def slow(call: UpstreamCall, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(SLOW_S)
        writer.write(OK)

    callee.script = slow
    assert await client.fetch("/3", timeout_s=SLOW_S * 5) == b'{"ok":true}'
    assert await client.fetch("/4", timeout_s=BUSY_MACHINE_LIMIT_S) == b'{"ok":true}'
    assert len(callee.raw) == 2


@pytest.mark.parametrize(
    ("response", "cause"),
    [
        (b"garbage\r\n\r\n", "InvalidResponse"),
        (HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}", "InvalidResponse"),
        (HEAD + b"A: " + b"a" * 100_000 + b"\r\n" + BODY, "InvalidResponse"),
        (b"HTTP/1.1 101 Switching\r\nUpgrade: a\r\nConnection: upgrade\r\n\r\n", "InvalidResponse"),
        (HEAD + b"Content-Length: 2\r\n\r\nhi", "not JSON"),
        (HEAD + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b", "not JSON"),
        (b"HTTP/1.1 503 Unavailable\r\nContent-Length: 0\r\n\r\n", "503"),
    ],
)
async def test_what_is_no_usable_response_is_unavailable_and_its_words_are_not_repeated(
    callee: Upstream, client: ServiceClient, response: bytes, cause: str
) -> None:
    callee.response = response
    with pytest.raises(Unavailable) as raised:
        await client.request("GET", "/")
    assert raised.value.detail == f"GET http://127.0.0.1:{callee.port}: {cause}"
    callee.response = OK
    assert await client.get("/") == {"ok": True}


async def test_a_reset_in_a_body_without_a_length_is_no_end(callee: Upstream, client: ServiceClient) -> None:
    async def resets(call: UpstreamCall, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"\r\n{}")
        await writer.drain()
        await asyncio.sleep(0.01)
        own = writer.get_extra_info("socket")
        own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    callee.script = resets
    with pytest.raises(Unavailable):
        await client.get("/")


async def test_a_cancelled_call_ends_its_connection_and_no_other(callee: Upstream, client: ServiceClient) -> None:
    callee.script = hangs
    call = asyncio.create_task(client.get("/1"))
    await until(lambda: len(callee.calls) == 1)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await until(lambda: callee.open == 0)
    callee.script = None
    assert await client.get("/2") == {"ok": True}


async def test_a_call_that_is_cancelled_with_its_response_leaves_the_connection_to_the_next(
    callee: Upstream, make_client: MakeClient
) -> None:
    client = await make_client(connections=1)
    calls = [asyncio.create_task(client.get(f"/{number}")) for number in range(3)]
    await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
    for call in calls[:2]:
        call.cancel()
    assert await calls[2] == {"ok": True}
    assert await client.get("/4") == {"ok": True}


class Unsent(asyncio.Transport):
    """A transport that has sent nothing yet."""

    aborted = False

    def is_closing(self) -> bool:
        return self.aborted

    def abort(self) -> None:
        self.aborted = True

    def write(self, data: Any) -> None:
        pass


async def test_what_came_before_the_request_was_sent_is_no_response_to_it() -> None:
    connection, transport = CallConnection(asyncio.get_running_loop(), 1000), Unsent()
    connection.connection_made(transport)
    call = asyncio.ensure_future(connection.call(b"GET / HTTP/1.1", float("inf")))
    asyncio.get_running_loop().call_soon(connection.data_received, OK)  # in the turn in which it is written
    with pytest.raises(InvalidResponse):
        await call
    assert transport.aborted


@pytest.mark.parametrize("way", ["refused", "silent", "waiting"])
async def test_a_call_that_fails_leaves_no_cycle_of_its_error(make_client: MakeClient, way: str) -> None:
    calls = 40
    with socket.create_server(("127.0.0.1", 0)) as silent:  # which nobody serves
        port = 1 if way == "refused" else silent.getsockname()[1]
        client = await make_client(f"http://127.0.0.1:{port}", timeout=0.02, connections=1)

        async def fails() -> None:
            with pytest.raises(Unavailable):
                await client.get("/")

        held = asyncio.create_task(client.fetch("/", timeout_s=BUSY_MACHINE_LIMIT_S)) if way == "waiting" else None
        await fails()
        await asyncio.sleep(0.02)
        gc.collect()
        gc.disable()
        gc.set_debug(gc.DEBUG_SAVEALL)
        try:
            for _ in range(calls):
                await fails()
            gc.collect()
            errors = [found for found in gc.garbage if isinstance(found, Exception)]
        finally:
            gc.set_debug(0)
            gc.garbage.clear()
            gc.enable()
        assert len(errors) < calls / 2  # some may be of tests before
        if held is not None:
            held.cancel()


# Large responses

LARGEST = service_client.MAX_RESPONSE_BYTES
PIECE = bytes(1024 * 1024)


def large(size: int, *, chunked: bool) -> Script:
    async def script(call: UpstreamCall, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(
            HEAD + (b"Transfer-Encoding: chunked\r\n\r\n" if chunked else b"Content-Length: %d\r\n\r\n" % size)
        )
        for start in range(0, size, len(PIECE)):
            piece = PIECE[: size - start]
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
            await writer.drain()
        if chunked:
            writer.write(b"0\r\n\r\n")

    return script


@pytest.mark.parametrize("chunked", [False, True], ids=["a length", "chunks"])
async def test_the_largest_response_is_fetched_and_a_larger_one_is_not(
    callee: Upstream, client: ServiceClient, chunked: bool
) -> None:
    callee.script = large(LARGEST, chunked=chunked)
    assert len(await client.fetch("/snapshot", timeout_s=BUSY_MACHINE_LIMIT_S)) == LARGEST
    callee.script = large(LARGEST + 1, chunked=chunked)
    with pytest.raises(Unavailable) as raised:
        await client.fetch("/snapshot", timeout_s=BUSY_MACHINE_LIMIT_S)
    assert raised.value.detail == f"a response of more than {LARGEST} bytes"


# What is sent


async def test_what_is_sent_has_one_reading_and_says_nothing_of_us(callee: Upstream, client: ServiceClient) -> None:
    await client.request("POST", "/x?a=b%20c", b"[1]", {"Idempotency-Key": "k"})
    call = callee.calls[0]
    assert call.request_line == "POST /x?a=b%20c HTTP/1.1"
    assert sorted(call.fields) == [
        ("Content-Length", "3"),
        ("Content-Type", "application/json"),
        ("Host", f"127.0.0.1:{callee.port}"),
        ("Idempotency-Key", "k"),
    ]


@pytest.mark.parametrize("headers", [{"A": "b\r\nX-Evil: 1"}, {"A\r\nX-Evil": "1"}])
async def test_a_field_with_a_line_break_is_not_sent(
    callee: Upstream, client: ServiceClient, headers: dict[str, str]
) -> None:
    with pytest.raises(ValueError, match="line break"):
        await client.request("GET", "/", None, headers)
    assert callee.calls == []
    await client.get("/ HTTP/1.1\r\nX-Evil: 1")
    assert (len(callee.calls), callee.calls[0].values("X-Evil")) == (1, [])
