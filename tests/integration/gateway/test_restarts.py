"""Two gateways behind a balancer are restarted by turns, and no call fails. `RESTARTS=100` is how it is soaked."""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.support.free_port import free_port
from tests.support.harness.balancer import balancer
from tests.support.harness.gateway import ISSUER, Surroundings, bearer, surroundings
from tests.support.harness.gateway_process import gateway_process
from tests.support.http1.client import parse_replies
from tests.support.http1.framing_payloads import get
from tests.support.http1.upstream import Upstream

RESTARTS = int(os.environ.get("RESTARTS", "2"))
CLIENTS = 5
REQUESTS_PER_CONNECTION = 20
PAUSE_S = 0.005

pytestmark = pytest.mark.timeout(60 + 15 * RESTARTS)


@pytest.fixture
async def around(tmp_path: Path) -> AsyncIterator[Surroundings]:
    async with surroundings(tmp_path) as around:
        yield around


class Load:
    """Clients that call without a pause and repeat nothing; each keeps its connection for some requests."""

    def __init__(self, port: int, request: bytes) -> None:
        self.outcomes: Counter[str] = Counter()
        self._port = port
        self._request = request
        self._ends = False

    async def __aenter__(self) -> "Load":
        self._clients = [asyncio.create_task(self._call()) for _ in range(CLIENTS)]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._ends = True
        await asyncio.gather(*self._clients)

    async def served(self, count: int) -> None:
        """Wait until so many more have their response."""
        enough = self.outcomes["200"] + count
        while self.outcomes["200"] < enough:
            await asyncio.sleep(0.01)

    async def _call(self) -> None:
        while not self._ends:
            try:
                await self._use_one_connection()
            except (OSError, EOFError) as error:
                self.outcomes[f"{type(error).__name__}: {error}"] += 1

    async def _use_one_connection(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            for _ in range(REQUESTS_PER_CONNECTION):
                writer.write(self._request)
                (reply,) = parse_replies(await reader.readuntil(b"\r\n\r\n"))
                await reader.readexactly(int(reply.values("content-length")[0]))
                self.outcomes[str(reply.status)] += 1
                if reply.values("connection") == ["close"] or self._ends:
                    break
                await asyncio.sleep(PAUSE_S)
        finally:
            writer.close()


async def test_no_call_fails_while_two_gateways_are_restarted_by_turns(
    around: Surroundings, upstream: Upstream, service_secrets: Path, tmp_path: Path
) -> None:
    """Nor one that needs what is stopped and the issuer's keys, which each gateway must learn anew."""
    environment = {
        "PASSGATE_KEY_REGISTRY_URL": around.registry_url,
        "PASSGATE_TOKEN_ISSUER_URL": around.services.url,
        "PASSGATE_ISSUER": ISSUER,
        "PASSGATE_FIRST_SNAPSHOT_WAIT": "20",
    }
    ports = [free_port() for _ in range(2)]
    running = [AsyncExitStack() for _ in ports]
    for number in range(2):
        (tmp_path / str(number)).mkdir()

    async def start(number: int) -> None:
        settings = {**environment, "PASSGATE_PORT": str(ports[number])}
        directory = tmp_path / str(number)
        await running[number].enter_async_context(
            gateway_process(directory, service_secrets, upstream.port, **settings)
        )

    (token,) = bearer().values()
    request = get(b"GET /protected HTTP/1.1", b"Authorization: " + token.encode())
    async with AsyncExitStack() as stack:
        for gateway in running:
            stack.push_async_callback(gateway.aclose)
        await asyncio.gather(*(start(number) for number in range(2)))
        port = await stack.enter_async_context(balancer(ports))
        async with Load(port, request) as load:
            await load.served(100)
            for restart in range(RESTARTS):
                await running[restart % 2].aclose()
                await start(restart % 2)
                await load.served(100)
    assert set(load.outcomes) == {"200"}, load.outcomes
