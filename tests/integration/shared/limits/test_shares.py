"""Four processes hold limits together over a real Valkey: by its clock, and however they run beside each other."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.clock import SystemClock
from shared.limits.limited_call import WaitingCall
from shared.limits.shares import PREFIX, PRESENCE_INTERVAL_S
from shared.redis import PipelinedRedis
from tests.support.clock import FakeClock
from tests.support.limited import CLIENT, LimitedProcess, limited_process, limits_of

PER_HOUR = {"calls": 3600, "per_seconds": 3600}


@pytest.fixture
async def valkeys(redis_database: str) -> AsyncIterator[list[PipelinedRedis]]:
    """One for each process."""
    found = [PipelinedRedis(redis_database) for _ in range(4)]
    yield found
    for valkey in found:
        await valkey.stop()


async def flooded(valkeys: list[PipelinedRedis], calls: int, **limits: Any) -> int:
    """How many of so many calls to each process pass, ten of them at a time."""
    all_ = [limited_process(valkey, SystemClock(), limits_of("company", "c", **limits)) for valkey in valkeys]
    for process in all_:
        await process.shares.start()
    try:
        share = calls // 10
        return sum(await asyncio.gather(*(one_after_the_other(p, share) for p in all_ for _ in range(10))))
    finally:
        for process in all_:
            await process.shares.stop()


async def one_after_the_other(process: LimitedProcess, calls: int) -> int:
    passed = 0
    for n in range(calls):
        call = process.table.of(["c"], client=CLIENT, route="site")
        assert call is not None
        outcome = call.take()
        if isinstance(outcome, WaitingCall):
            outcome = await outcome.outcome()
        passed += outcome is None
        if n % 20 == 0:
            await asyncio.sleep(0)
    return passed


async def test_a_burst_over_four_processes_is_exact_to_one_percent(valkeys: list[PipelinedRedis]) -> None:
    started = time.monotonic()
    passed = await flooded(valkeys, 1500, rate={**PER_HOUR, "burst": 2000})
    came_back = time.monotonic() - started
    assert 2000 * 0.99 <= passed <= (2000 + came_back) * 1.01


async def test_a_quota_over_four_processes_is_exact_to_one_percent_and_outlasts_them(
    valkeys: list[PipelinedRedis], redis_database: str
) -> None:
    quota = {"calls": 2000, "per": "month"}
    passed = await flooded(valkeys, 300, quota=quota)
    assert passed == 1200
    passed += await flooded(valkeys, 1200, quota=quota)
    assert 2000 * 0.99 <= passed <= 2000 * 1.01
    assert await flooded(valkeys, 10, quota=quota) == 0


async def test_a_rate_begins_anew_by_the_time_of_valkey(valkeys: list[PipelinedRedis]) -> None:
    rate = {"calls": 100, "per_seconds": 1, "burst": 2}
    process = limited_process(valkeys[0], SystemClock(), limits_of("company", "c", rate=rate))
    passed, started = 0, time.monotonic()
    while passed < 12:
        passed += await process.outcome("c") is None
        await asyncio.sleep(0)
    assert time.monotonic() - started >= 0.1


async def test_what_lost_its_data_goes_on_from_what_a_process_knows_of_a_quota(
    valkeys: list[PipelinedRedis], redis_database: str
) -> None:
    limits = limits_of("company", "c", quota={"calls": 10, "per": "day"})
    process = limited_process(valkeys[0], SystemClock(), limits)
    assert await process.passed(6, "c") == 6
    await valkeys[0].execute("FLUSHALL")
    assert await process.passed(9, "c") == 4
    other = limited_process(valkeys[1], SystemClock(), limits)
    assert await other.passed(5, "c") == 0


async def test_nothing_is_kept_for_longer_than_it_counts(valkeys: list[PipelinedRedis]) -> None:
    limits = limits_of("company", "c", rate={"calls": 10, "per_seconds": 1}, quota={"calls": 10, "per": "day"})
    process = limited_process(valkeys[0], SystemClock(), limits)
    assert await process.passed(1, "c") == 1
    keys = await valkeys[0].execute("KEYS", f"{PREFIX}*")
    lives = [await valkeys[0].execute("TTL", key) for key in keys]
    assert len(lives) == len(("processes", "the last renewal of this one", "kept_since", "rate", "quota"))
    assert all(0 <= life <= 2 * 86_400 for life in lives)


async def test_another_rate_goes_on_with_as_many_calls_used_and_not_for_as_long(
    valkeys: list[PipelinedRedis],
) -> None:
    async def passed(attempts: int, **rate: int) -> int:
        process = limited_process(valkeys[0], SystemClock(), limits_of("company", "c", rate=rate))
        return await process.passed(attempts, "c")

    assert await passed(7, calls=5, per_seconds=86_400) == 5
    assert await passed(120, calls=100, per_seconds=3600) == 95
    assert await passed(3, calls=2, per_seconds=86_400) == 0
    assert await passed(9, calls=10, per_seconds=86_400) == 8


async def test_a_valkey_that_lost_its_data_gives_no_quota_again(
    valkeys: list[PipelinedRedis], redis_database: str
) -> None:
    quota = limits_of("company", "c", quota={"calls": 50, "per": "month"})
    clock = FakeClock(SystemClock().now())
    knows, other = (limited_process(valkey, clock, quota) for valkey in valkeys[:2])
    for process in (other, knows):
        await process.shares.renew()
    assert await knows.passed(55, "c") == 50
    await valkeys[0].execute("DEL", *await valkeys[0].execute("KEYS", f"{PREFIX}*"))
    for process in (other, knows, knows):
        clock.advance(PRESENCE_INTERVAL_S)
        await process.shares.renew()
    assert await other.passed(55, "c") == 0
