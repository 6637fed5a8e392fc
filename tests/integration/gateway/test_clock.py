"""A gateway whose clock is off from the registry's: invisible up to 30 s, and nothing is judged by it beyond."""

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
