"""Calls over one connection: when it is used again, when a request is repeated, and what is sent."""

import asyncio

import pytest

from shared.errors import Unavailable
from shared.http.client import ServiceClient
from tests.support.http1.response_payloads import HEAD
from tests.support.http1.scripts import writes
from tests.support.http1.upstream import OK, Upstream, UpstreamCall
from tests.support.waiting import BUSY_MACHINE_LIMIT_S, until
from tests.unit.shared.http.calls.conftest import MakeClient

BODY = b"Content-Length: 11\r\n\r\n" + b'{"ok":true}'


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
    assert raised.value.detail.endswith(": it closed the connection")
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
