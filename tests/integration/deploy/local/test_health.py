"""What `make status` says of a process or a store: whether it responds now, in words."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from deploy.local import health
from tests.support.free_port import free_port

Requested = Callable[[int], Awaitable[str]]


async def of_process(port: int) -> str:
    return (await health.all_states({"it": f"http://127.0.0.1:{port}"}))["it"]


REQUESTED = {
    "process": of_process,
    "postgres": lambda port: health.postgres_state(f"postgresql://u:p@127.0.0.1:{port}/d"),
    "valkey": lambda port: health.valkey_state(f"redis://:p@127.0.0.1:{port}/0"),
}


@asynccontextmanager
async def process(ready: int, body: dict[str, object]) -> AsyncIterator[int]:
    """One whose `/health/ready` responds with this status; the body is that of both endpoints."""

    async def respond(request: web.BaseRequest) -> web.Response:
        return web.json_response(body, status=ready if request.path == "/health/ready" else 200)

    runner = web.ServerRunner(web.Server(respond))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("requested", REQUESTED.values(), ids=REQUESTED)
async def test_what_is_frozen_does_not_respond(requested: Requested, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "TIMEOUT_S", 0.2)
    ended = asyncio.Event()

    async def never_respond(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await ended.wait()
        writer.close()

    async with await asyncio.start_server(never_respond, "127.0.0.1", 0) as server:
        assert await requested(server.sockets[0].getsockname()[1]) == health.SILENT
        ended.set()


@pytest.mark.parametrize("requested", REQUESTED.values(), ids=REQUESTED)
async def test_what_does_not_run_does_not_listen(requested: Requested) -> None:
    assert await requested(free_port()) == "does not listen"


async def test_a_store_that_takes_commands_is_ready(postgres_url: str, redis_url: str) -> None:
    assert await health.postgres_state(postgres_url) == "ready"
    assert await health.valkey_state(redis_url) == "ready"


async def test_what_is_missing_is_named() -> None:
    async with process(503, {"missing": {"valkey": "no response"}}) as port:
        assert await of_process(port) == "waits for valkey (no response)"


async def test_a_route_file_that_is_not_in_use_is_shown_of_a_gateway_that_is_ready() -> None:
    down = {"state": "down", "required": False, "reason": "the route file is invalid: routes.yaml:3: ..."}
    async with process(200, {"dependencies": {"route_file": down, "valkey": {"state": "up"}}}) as port:
        assert await of_process(port) == (
            "ready, degraded: route_file (the route file is invalid: routes.yaml:3: ...)"
        )


async def test_a_store_url_that_no_client_takes_is_a_state_and_no_failure() -> None:
    assert await health.postgres_state("postgresql://localhost:abc/x") == health.WRONG_URL
    assert await health.valkey_state("http://localhost:1/0") == health.WRONG_URL
