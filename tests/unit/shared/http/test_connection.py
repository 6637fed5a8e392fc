"""How long a head may take, whenever its first byte arrives."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from aiohttp import web
from prometheus_client import CollectorRegistry

from shared.http import connection
from shared.http.app import service_app
from shared.http.endpoints import Endpoint
from shared.http.health import Health
from tests.support.harness.serving import serving
from tests.support.waiting import BUSY_MACHINE_LIMIT_S, until

GET = b"GET /held HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST /held HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
HALF = b"GET /held HTTP/1.1\r\nHost:"


@dataclass
class Held:
    """A service that responds once it is released."""

    port: int
    begun: int = 0
    released: asyncio.Event = None  # type: ignore[assignment]

    async def respond(self, request: web.Request) -> web.Response:
        await request.read()
        self.begun += 1
        await self.released.wait()
        return web.Response(text="done")


@pytest.fixture
async def held(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Held]:
    monkeypatch.setattr(connection, "HEAD_TIMEOUT_S", 0.2)
    held = Held(0, released=asyncio.Event())
    endpoints = [Endpoint(method, "/held", held.respond, "Held") for method in ("GET", "POST")]
    app = service_app("held", endpoints, health=Health("held"), metrics=CollectorRegistry())
    async with serving(app) as url:
        held.port = int(url.rpartition(":")[2])
        yield held


async def _end_of(reader: asyncio.StreamReader) -> bytes:
    """What is sent until the server ends the connection."""
    async with asyncio.timeout(BUSY_MACHINE_LIMIT_S):  # much less than an idle connection is kept
        try:
            return await reader.read()
        except ConnectionError:
            return b""


@pytest.mark.parametrize("request_", [GET, POST])
async def test_half_a_head_that_arrives_during_a_response_is_waited_for_no_longer_than_any_head(
    held: Held, request_: bytes
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", held.port)
    writer.write(request_)
    await until(lambda: held.begun)
    writer.write(HALF)
    await asyncio.sleep(0.05)  # for it to arrive
    held.released.set()
    assert (await _end_of(reader)).endswith(b"done")
    writer.close()


async def test_half_a_head_that_arrives_with_a_request_is_waited_for_no_longer_than_any_head(held: Held) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", held.port)
    held.released.set()
    writer.write(GET + HALF)
    assert (await _end_of(reader)).endswith(b"done")
    writer.close()


async def test_half_a_head_behind_a_whole_one_that_arrives_during_a_response_is_waited_for_no_longer(
    held: Held,
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", held.port)
    writer.write(GET)
    await until(lambda: held.begun)
    writer.write(GET + HALF)
    await asyncio.sleep(0.05)  # for it to arrive
    held.released.set()
    assert (await _end_of(reader)).count(b"done") == 2
    writer.close()


@pytest.mark.parametrize("sent", [b"", HALF])
async def test_a_head_that_never_comes_ends_the_connection(held: Held, sent: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", held.port)
    writer.write(sent)
    assert await _end_of(reader) == b""
    writer.close()


@pytest.mark.parametrize(
    "pieces", [[GET], [POST], [GET[:-1], GET[-1:]], [POST[:-5], POST[-5:]], [GET, GET], [GET + GET], [GET, POST]]
)
async def test_a_connection_whose_requests_are_whole_may_be_idle_for_longer(
    held: Held, pieces: list[bytes]
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", held.port)
    for piece in pieces:
        writer.write(piece)
        await asyncio.sleep(0.05)
    held.released.set()
    requests = b"".join(pieces).count(b"Host")
    for _ in range(requests):
        await asyncio.wait_for(reader.readuntil(b"done"), BUSY_MACHINE_LIMIT_S)
    await asyncio.sleep(3 * connection.HEAD_TIMEOUT_S)
    writer.write(GET)
    await asyncio.wait_for(reader.readuntil(b"done"), BUSY_MACHINE_LIMIT_S)
    writer.close()
