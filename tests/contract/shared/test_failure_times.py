"""Failures counted in Valkey and in memory keep the same promises."""

import asyncio
import time

import pytest

from shared.errors import Unavailable
from shared.failure_times import FailureTimes
from shared.failure_times.memory import MemoryFailureTimes
from shared.failure_times.redis import RedisFailureTimes
from shared.redis import PipelinedRedis

PREFIX = "passgate:failures_of_a_test:"
REAL_OR_MEMORY = pytest.mark.parametrize("failures", ["memory", "real"], indirect=True)


def in_redis(url: str) -> RedisFailureTimes:
    return RedisFailureTimes(PipelinedRedis(url, timeout=5), prefix=PREFIX, window_s=60)


@pytest.fixture
def failures(request: pytest.FixtureRequest) -> FailureTimes:
    if request.param == "memory":
        return MemoryFailureTimes()
    return in_redis(request.getfixturevalue("redis_database"))


@REAL_OR_MEMORY
async def test_failures_are_counted_by_subject_newest_first(failures: FailureTimes) -> None:
    assert list(await failures.times("one", keep=3)) == []
    for at in (1.25, 2.5, 3.0, 4.125):
        last = await failures.add("one", at, keep=3)
    assert list(last) == [4.125, 3.0, 2.5]
    assert list(await failures.times("one", keep=3)) == [4.125, 3.0, 2.5]
    assert list(await failures.times("one", keep=2)) == [4.125, 3.0]
    assert list(await failures.times("other", keep=3)) == []


@REAL_OR_MEMORY
async def test_what_was_no_failure_is_taken_back_and_a_subject_is_forgotten(failures: FailureTimes) -> None:
    for at in (1.5, 2.5, 2.5):
        await failures.add("one", at, keep=3)
    await failures.take_back("one", 2.5)
    await failures.take_back("one", 9.0)
    await failures.take_back("other", 2.5)
    assert list(await failures.times("one", keep=3)) == [2.5, 1.5]
    await failures.forget("one")
    await failures.forget("other")
    assert list(await failures.times("one", keep=3)) == []


@REAL_OR_MEMORY
async def test_concurrent_failures_each_see_those_before(failures: FailureTimes) -> None:
    counts = await asyncio.gather(*(failures.add("one", float(i), keep=20) for i in range(12)))
    assert sorted(len(times) for times in counts) == list(range(1, 13))


@REAL_OR_MEMORY
async def test_a_failure_is_added_only_to_the_times_that_were_seen(failures: FailureTimes) -> None:
    assert await failures.add_if("one", 1.5, seen=[], keep=2)
    assert not await failures.add_if("one", 2.5, seen=[], keep=2)
    assert not await failures.add_if("other", 2.5, seen=[1.5], keep=2)
    assert await failures.add_if("one", 2.5, seen=[1.5], keep=2)
    assert await failures.add_if("one", 3.0, seen=await failures.times("one", keep=2), keep=2)
    assert list(await failures.times("one", keep=3)) == [3.0, 2.5]


@REAL_OR_MEMORY
async def test_of_concurrent_failures_one_is_added_to_the_same_times(failures: FailureTimes) -> None:
    added = await asyncio.gather(*(failures.add_if("one", float(i), seen=[], keep=20) for i in range(12)))
    assert sum(added) == 1


async def test_counts_in_redis_always_have_a_time_to_live(redis_database: str) -> None:
    redis = PipelinedRedis(redis_database, timeout=5)
    for _ in range(3):
        await in_redis(redis_database).add("one", time.time(), keep=11)
        assert 55 <= await redis.execute("TTL", PREFIX + "one") <= 60


async def test_redis_that_refuses_a_command_or_is_absent_is_unavailable(redis_database: str) -> None:
    redis = PipelinedRedis(redis_database, timeout=5)
    await redis.execute("SET", PREFIX + "one", "not a list")
    with pytest.raises(Unavailable):
        await in_redis(redis_database).times("one", keep=1)
    with pytest.raises(Unavailable):
        await in_redis(redis_database).add("one", 1.0, keep=1)
    absent = PipelinedRedis("redis://127.0.0.1:1/0", timeout=0.5)
    with pytest.raises(Unavailable):
        await RedisFailureTimes(absent, prefix=PREFIX, window_s=60).times("one", keep=1)


async def test_memory_of_failures_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.failure_times.memory.MAX_SUBJECTS", 3)
    failures = MemoryFailureTimes()
    for i in range(10):
        await failures.add(f"subject{i}", 1.0, keep=3)
    assert [len(await failures.times(f"subject{i}", keep=3)) for i in range(10)] == [0] * 7 + [1] * 3
