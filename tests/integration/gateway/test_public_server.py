"""Faults of ours in the data path: each has a response, a cause and its route."""

import asyncio
from collections.abc import AsyncIterator, Iterator, MutableMapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from structlog.testing import capture_logs

from gateway.decision import Decider
from gateway.http1 import writer
from gateway.proxy import client_response, exchange
from gateway.proxy.client_connection import ClientConnection
from gateway.proxy.exchange import Exchange
from gateway.proxy.live_exchanges import LiveExchanges
from gateway.proxy.report import Report
from shared.logging import request_id
from tests.support.harness.gateway import Gateway, surroundings
from tests.support.harness.public_server import public_server, upstream_at
from tests.support.http1.client import converse
from tests.support.http1.framing_payloads import get
from tests.support.http1.upstream import Upstream, UpstreamCall
from tests.support.waiting import until

FAULTY_PEER = "127.0.0.2"


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    async with surroundings(tmp_path) as around, around.gateway() as gateway:
        yield gateway


@pytest.fixture(autouse=True)
def logs() -> Iterator[list[MutableMapping[str, Any]]]:
    """Kept as they are: a traceback for people, with the values in it, takes as long as a loop may be blocked."""
    with capture_logs() as captured:
        yield captured


def faulty(*_: object, **__: object) -> object:
    raise RuntimeError("a fault of ours")


def faulty_at(monkeypatch: pytest.MonkeyPatch, name: str, peer: str) -> None:
    """A method of connections that fails in those from there."""
    method = getattr(ClientConnection, name)

    def at(connection: ClientConnection, *arguments: Any, **named: Any) -> object:
        return faulty() if connection.peer == peer else method(connection, *arguments, **named)

    monkeypatch.setattr(ClientConnection, name, at)


@pytest.mark.interpreted
async def test_a_fault_of_ours_is_a_500_of_its_route(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_response, "client_lines", faulty)
    response = await gateway.get("/open", {})
    assert (response.status, response.content_type) == (500, "application/problem+json")
    assert 'gateway_refusals_total{cause="internal",route="open"} 1.0' in await gateway.metrics()


@pytest.mark.interpreted
@pytest.mark.parametrize(
    ("target", "name"),
    [
        (Decider, "decide"),
        (client_response, "client_lines"),
        (writer, "request_head"),
        (Exchange, "_connect_if_due"),
        (Exchange, "_decided"),
    ],
)
@pytest.mark.parametrize("path", ["/open", "/editor"])
async def test_wherever_a_fault_of_ours_is_the_response_is_our_own(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, target: object, name: str, path: str
) -> None:
    token = {"x-api-token": "bbf18f21-3d0d-4a4c-b650-9c14d4075ce0"}
    monkeypatch.setattr(target, name, faulty)
    response = await gateway.get(path, token)
    assert response.status == 500
    assert response.headers["X-Request-Id"]
    assert "internal_error" in await response.text()
    monkeypatch.undo()
    assert await gateway.status(path, token) == 200


@pytest.mark.interpreted
async def test_a_fault_is_logged_under_the_request_that_it_was_met_in(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    met_in: list[str] = []
    logger = SimpleNamespace(exception=lambda _: met_in.append(request_id.get()))
    monkeypatch.setattr(exchange, "log", logger)
    monkeypatch.setattr(client_response, "client_lines", faulty)
    refused = get(b"GET /site HTTP/1.1", b"Authorization: Bearer junk")
    conversation = await converse(gateway.port, refused + get(b"GET /open HTTP/1.1"), replies=2)
    assert met_in == conversation.replies[1].values("X-Request-Id")


@pytest.mark.parametrize("path", ["/open", "/nowhere", "/health/live"])
async def test_a_response_that_cannot_be_written_down_holds_up_no_other(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(Report, "ended", faulty)
    conversation = await converse(gateway.port, get(b"GET %b HTTP/1.1" % path.encode()) * 2, replies=2)
    assert [reply.whole for reply in conversation.replies] == [True, True]


@pytest.mark.interpreted
async def test_a_fault_of_ours_within_a_response_is_a_cut_that_both_sides_see(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def in_pieces(_: UpstreamCall, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nha")
        await until(
            lambda: public.metric("gateway_upstream_duration_seconds_count", route="all", upstream="upstream")
        )
        writer.write(b"lf")
        await reader.read()

    upstream.script = in_pieces
    monkeypatch.setattr(client_response.ClientResponse, "continue_with", faulty)
    async with public_server(upstream_at(upstream.port)) as public:
        conversation = await converse(public.port, get(), quiet=10)
        (reply,) = conversation.replies
        assert (reply.status, reply.whole, conversation.closed) == (200, False, True)
        await until(lambda: upstream.open == 0)
        assert public.metric("gateway_active_requests") == 0


async def test_a_fault_of_ours_while_a_call_is_under_way_ends_that_call_alone(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(_: UpstreamCall, reader: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
        await reader.read()

    upstream.script = silent
    monkeypatch.setattr(LiveExchanges, "consider", faulty)
    async with public_server(upstream_at(upstream.port), keepalive_timeout=1.0) as public:
        idle = asyncio.create_task(converse(public.port, quiet=20))
        conversation = await converse(public.port, get(), replies=1, quiet=10)
        assert [reply.status for reply in conversation.replies] == [500]
        assert (await idle).closed, "deadlines of other connections are looked at as before"
        await until(lambda: upstream.open == 0)


@pytest.mark.interpreted
async def test_a_client_that_leaves_while_its_credential_is_looked_up_is_one_that_left(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = asyncio.Event()

    async def for_ever(*_: object, **__: object) -> object:
        asked.set()
        return await asyncio.Event().wait()

    monkeypatch.setattr("gateway.decision.resolve_for", for_ever)
    call = asyncio.create_task(gateway.get("/editor", {"x-api-token": "bbf18f21-3d0d-4a4c-b650-9c14d4075ce0"}))
    await asked.wait()
    call.cancel()
    with pytest.raises((aiohttp.ClientError, asyncio.CancelledError)):
        await call

    async def observed() -> bool:
        return 'status="499"' in await gateway.metrics()

    await until(observed)
    assert "gateway_active_requests 0.0" in await gateway.metrics()


@pytest.mark.interpreted
@pytest.mark.parametrize("also_abort", [False, True])
async def test_a_fault_while_the_deadline_of_a_connection_is_looked_at_costs_that_connection_alone(
    upstream: Upstream,
    monkeypatch: pytest.MonkeyPatch,
    logs: list[MutableMapping[str, Any]],
    also_abort: bool,
) -> None:
    faulty_at(monkeypatch, "expired", FAULTY_PEER)
    if also_abort:
        faulty_at(monkeypatch, "abort", FAULTY_PEER)
    async with public_server(upstream_at(upstream.port), keepalive_timeout=1.0) as public:
        first = asyncio.create_task(converse(public.port, quiet=3, client=FAULTY_PEER))
        await until(lambda: public.metric("gateway_open_connections") == 1)
        other = await converse(public.port, quiet=20)
        assert other.closed, "deadlines of other connections are looked at as before"
        await until(lambda: public.metric("gateway_open_connections") == 0)
        assert (await first).closed is not also_abort
    failed = [entry["sweep"] for entry in logs if entry["event"] == "sweep.failed"]
    assert failed == ["deadlines"] * (2 if also_abort else 1)


@pytest.mark.interpreted
async def test_a_fault_in_the_sweep_of_one_exchange_ends_its_call_and_no_other(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def slow(call: UpstreamCall, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await until(lambda: swept == {"127.0.0.1", FAULTY_PEER})
        if call.target == "/good":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await reader.read()

    def sweep(one: Exchange) -> None:
        swept.add(one.call.origin.client)
        if one.call.origin.client == FAULTY_PEER:
            faulty()

    swept = set[str]()
    upstream.script = slow
    monkeypatch.setattr(Exchange, "sweep", sweep)
    async with public_server(upstream_at(upstream.port)) as public:
        bad = asyncio.create_task(converse(public.port, get(b"GET /bad HTTP/1.1"), quiet=10, client=FAULTY_PEER))
        await until(lambda: public.metric("gateway_open_connections") == 1)
        good = await converse(public.port, get(b"GET /good HTTP/1.1"), replies=1, quiet=10)
        assert [reply.status for reply in good.replies] == [200]
        assert (await bad).closed
        await until(lambda: public.metric("gateway_active_requests") == 0)
