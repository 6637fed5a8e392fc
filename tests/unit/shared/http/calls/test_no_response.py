"""How a call ends that gets no complete response, or none that can be used."""

import asyncio
import gc
import socket
import struct
import time
from typing import Any

import pytest

from shared.errors import Unavailable
from shared.http.calls.connection import CallConnection
from shared.http.calls.response import InvalidResponse
from shared.http.client import ServiceClient
from tests.support.http1.response_payloads import HEAD
from tests.support.http1.scripts import hangs, writes
from tests.support.http1.upstream import OK, Upstream, UpstreamCall
from tests.support.waiting import BUSY_MACHINE_LIMIT_S, until
from tests.unit.shared.http.calls.conftest import MakeClient

SILENT_S = 0.05
"""The time of a call that gets no response."""
SLOW_S = 0.3


INVALID = "the response is invalid"


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
    assert raised.value.detail == f"GET http://127.0.0.1:{callee.port}: no response in time"
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
        (b"garbage\r\n\r\n", f"{INVALID}: no response"),
        (HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}", f"{INVALID}: malformed"),
        (
            HEAD + b"A: " + b"a" * 100_000 + b"\r\nContent-Length: 11\r\n\r\n" + b'{"ok":true}',
            "the response is invalid: too much of a head",
        ),
        (
            b"HTTP/1.1 101 Switching\r\nUpgrade: a\r\nConnection: upgrade\r\n\r\n",
            "the response is invalid: no response to the request",
        ),
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
        gc.freeze()  # what there is now is not looked through once more
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
