"""Limits as a client meets them at gateways that share a Valkey."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.support.doubles.registry import COMPANY
from tests.support.harness.gateway import Surroundings, bearer, surroundings
from tests.support.waiting import until


@pytest.fixture
async def around(tmp_path: Path) -> AsyncIterator[Surroundings]:
    async with surroundings(tmp_path) as around:
        yield around


async def test_a_client_is_held_to_one_limit_by_four_gateways_and_told_when_to_come_again(
    around: Surroundings, redis_database: str
) -> None:
    rate = {"calls": 1, "per_seconds": 600, "burst": 40}
    around.registry.limit("company", COMPANY.id, rate=rate, quota={"calls": 40, "per": "month"})
    statuses: Counter[int] = Counter()
    async with AsyncExitStack() as stack:
        gateways = [await stack.enter_async_context(around.gateway(redis_url=redis_database)) for _ in range(4)]
        for path, credential in (("/site", bearer()), ("/sms", around.api_token)) * 8:
            for gateway in gateways:
                statuses[await gateway.status(path, credential)] += 1
        assert statuses == {200: 40, 429: 24}
        response = await gateways[0].get("/site", bearer())
        assert response.status == 429
        assert 1 <= int(response.headers["Retry-After"]) <= 600
        assert response.headers["RateLimit-Policy"].startswith('"company-rate";q=40;w=24000, ')
        assert response.headers["RateLimit"].startswith('"company-rate";r=0;t=')
        problem = await response.json()
        assert (response.content_type, problem["code"]) == ("application/problem+json", "rate_exceeded")
        assert problem["type"].endswith("/errors/rate_exceeded")
        await until(lambda: {notice.percent for notice in around.registry.quota_notices} == {80, 100})
        await until(lambda: around.registry.traces)
        step = around.registry.traces[-1].steps[-1]
        assert (step.check, step.ok) == ("limits", False)
        assert step.expected == f"at most 1 calls in 600 s, 40 at once: rate of company {COMPANY.id}"


async def test_limits_hold_within_a_second_of_being_set_and_without_valkey(around: Surroundings) -> None:
    async with around.gateway() as gateway:
        response = await gateway.get("/site", bearer())
        assert "RateLimit" not in response.headers
        around.registry.limit("api_client", "credential", addresses=["192.0.2.0/24"])
        await gateway.becomes(403, "/site", bearer())
        assert (await (await gateway.get("/site", bearer())).json())["code"] == "address_not_allowed"
        around.registry.limit("api_client", "credential", quota={"calls": 16, "per": "day"})
        await gateway.becomes(200, "/site", bearer())
        assert (await gateway.get("/site", bearer())).headers["RateLimit"].startswith('"credential-quota";r=')
        statuses = [await gateway.status("/site", bearer()) for _ in range(5)]
        assert 429 in statuses
        assert "limits_held_locally 1.0" in await gateway.metrics()
