"""A gateway whose clock is off from the registry's: invisible up to 30 s, and nothing is judged by it beyond."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.harness.gateway import Surroundings, bearer, surroundings
from tests.support.waiting import within


@pytest.fixture
async def around(tmp_path: Path) -> AsyncIterator[Surroundings]:
    async with surroundings(tmp_path) as around:
        around.registry.states_time = time.time
        yield around


@pytest.mark.parametrize("off", [45.0, -45.0])
async def test_past_thirty_seconds_a_jwt_is_not_judged_and_readiness_names_the_clock(
    around: Surroundings, off: float
) -> None:
    async with around.gateway() as gateway:
        assert await gateway.status("/site", bearer()) == 200
        around.registry.states_time = lambda: time.time() - off
        await gateway.becomes(503, "/site", bearer(), within=5)
        assert "Retry-After" in (await gateway.get("/site", bearer())).headers
        side = "ahead of" if off > 0 else "behind"
        assert f"s {side} that of key_registry" in (await gateway.missing())["clock"]
        around.registry.states_time = time.time
        await gateway.becomes(200, "/site", bearer(), within=5)
        assert await gateway.missing() == {}


@pytest.mark.parametrize("off", [45.0, -45.0])
async def test_a_call_that_was_let_through_before_is_503_as_well(around: Surroundings, off: float) -> None:
    # An upstream that is none of our services: what goes to those is decided anew each time.
    around.routes = around.routes.replace("{url}", around.services.url.replace("127.0.0.1", "localhost"))
    around.registry.change_api_token(around.record.id, expires_at=time.time() + 600)
    calls = {"/site": bearer(), "/sms": around.api_token}
    async with around.gateway() as gateway:
        for path, credential in calls.items():
            assert [await gateway.status(path, credential) for _ in range(3)] == [200] * 3
        around.registry.states_time = lambda: time.time() - off
        for path, credential in calls.items():
            status = 200
            async with asyncio.timeout(5):
                while status == 200:
                    status = await gateway.status(path, credential)
            assert status == 503, path


async def test_twenty_nine_seconds_are_invisible(around: Surroundings) -> None:
    async with around.gateway() as gateway:
        around.registry.states_time = lambda: time.time() - 29
        position = around.registry.position
        around.registry.set_status("company", "elsewhere", "suspended")

        async def observed() -> bool:
            return bool((await gateway.changes())["position"] > position)

        await within(10, observed)
        assert await gateway.status("/site", bearer()) == 200
        assert await gateway.missing() == {}
