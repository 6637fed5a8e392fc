"""The pools of upstreams, over many versions of a route file."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from gateway.decision import Forward
from gateway.proxy import pool
from gateway.proxy.pool import HttpForwarder
from gateway.routing.table import CredentialKind, Route
from gateway.routing.table import Upstream as Target
from tests.support.http1.upstream import Upstream, running_upstream
from tests.support.waiting import until


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    """One to which nobody else has connections."""
    async with running_upstream() as own:
        yield own


async def call(forwarder: HttpForwarder, target: Target) -> int:
    route = Route("echo", "/echo", target, CredentialKind.NONE)
    async with forwarder.send(Forward(route, "GET", "/echo", (("Host", "a"),), None), None) as response:
        async for _ in response.body():
            pass
        return response.head.status


async def test_of_earlier_versions_of_an_upstream_no_pool_is_kept(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "POOL_LIFE_S", 0.0)
    forwarder = HttpForwarder()
    target = Target("echo", "http", "127.0.0.1", upstream.port, keep_idle=60)
    for connections in range(1, 6):
        await asyncio.sleep(0.01)  # so that the others were used before now
        assert await call(forwarder, replace(target, connections=connections)) == 200
    await until(lambda: upstream.open == 1)  # the others would have been kept for longer than this waits
    assert await call(forwarder, target) == 200
    await forwarder.stop()
    await until(lambda: upstream.open == 0)


async def test_a_pool_that_was_used_lately_stays_when_another_one_is_opened(upstream: Upstream) -> None:
    forwarder = HttpForwarder()
    target = Target("echo", "http", "127.0.0.1", upstream.port, keep_idle=60)
    for connections in (1, 2, 1, 2):
        assert await call(forwarder, replace(target, connections=connections)) == 200
    assert upstream.open == 2
    await forwarder.stop()
