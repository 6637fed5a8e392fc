"""The store of shares in memory counts as the script in Valkey does."""

from typing import Any

import pytest

from shared.clock import SystemClock
from shared.errors import Unavailable
from shared.limits.shares import PREFIX, Store
from shared.redis import PipelinedRedis
from tests.support.clock import FakeClock
from tests.support.doubles.limits import SharesInMemory
from tests.support.limited import limited_process, limits_of

QUOTA = limits_of("company", "c", quota={"calls": 100, "per": "month"})


@pytest.fixture(params=["memory", "real"])
def store(request: pytest.FixtureRequest) -> Store:
    if request.param == "memory":
        return SharesInMemory(SystemClock())
    return PipelinedRedis(request.getfixturevalue("redis_database"), timeout=5)


class Unreliable:
    """Passes on what it is asked, and may lose the question or the reply."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.lost: list[str] = []

    async def execute(self, *command: Any) -> Any:
        lost = self.lost.pop(0) if self.lost else ""
        reply = None if lost == "question" else await self._store.execute(*command)
        if lost:
            raise Unavailable
        return reply


async def test_what_was_counted_is_free_for_no_process(store: Store, clock: FakeClock) -> None:
    first, second = (limited_process(store, clock, QUOTA) for _ in range(2))
    assert [await first.passed(40, "c"), await second.passed(70, "c")] == [40, 60]


async def test_a_quota_that_has_been_changed_holds_as_it_is_now(store: Store, clock: FakeClock) -> None:
    assert await limited_process(store, clock, QUOTA).passed(10, "c") == 10
    more = limits_of("company", "c", quota={"calls": 15, "per": "month"})
    assert await limited_process(store, clock, more).passed(10, "c") == 5


@pytest.mark.parametrize("lost", [["question"], ["reply"], ["reply", "question", "reply"], ["question", "reply"]])
async def test_calls_count_once_whatever_is_lost_of_their_report(
    store: Store, clock: FakeClock, lost: list[str]
) -> None:
    unreliable = Unreliable(store)
    process = limited_process(unreliable, clock, QUOTA)
    assert await process.passed(1, "c") == 1
    unreliable.lost = ["question"]
    passed = 1 + await process.passed(20, "c")  # by its share
    unreliable.lost = [*lost]
    for _ in range(len(lost) + 4):
        clock.advance(1)
        await process.shares.renew()
    assert await limited_process(store, clock, QUOTA).passed(200, "c") == 100 - passed


async def test_what_another_has_written_in_the_place_of_a_count_stops_no_limit(
    redis_database: str, clock: FakeClock
) -> None:
    valkey = PipelinedRedis(redis_database, timeout=5)
    limits = [limits_of("company", id_, rate={"calls": 5, "per_seconds": 3600}) for id_ in ("c", "d")]
    process = limited_process(valkey, clock, *limits)
    for key in ("processes", "d:rate"):
        await valkey.execute("SADD" if key == "d:rate" else "SET", f"{PREFIX}test:{key}", "x")
    assert await process.passed(9, "c", "d") == 5
    assert not process.shares.away
