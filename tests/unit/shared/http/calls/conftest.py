from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest

from shared.http.client import ServiceClient
from tests.support.http1.upstream import Upstream, running_upstream
from tests.support.waiting import BUSY_MACHINE_LIMIT_S

MakeClient = Callable[..., Awaitable[ServiceClient]]


@pytest.fixture
async def callee() -> AsyncIterator[Upstream]:
    async with running_upstream() as callee:
        yield callee


@pytest.fixture
async def make_client(callee: Upstream) -> AsyncIterator[MakeClient]:
    """Clients of the callee, started; they are stopped at the end."""
    async with AsyncExitStack() as stack:

        async def make(
            url: str = "", *, timeout: float = BUSY_MACHINE_LIMIT_S, connections: int = 4
        ) -> ServiceClient:
            client = ServiceClient(
                url or f"http://127.0.0.1:{callee.port}", timeout=timeout, connections=connections
            )
            await client.start()
            stack.push_async_callback(client.stop)
            return client

        yield make


@pytest.fixture
async def client(make_client: MakeClient) -> ServiceClient:
    return await make_client()
