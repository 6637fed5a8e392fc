"""Several processes hold one limit together; with the store away each holds a share of it."""

import asyncio
import random
from collections.abc import Callable
from typing import Any

import pytest

from shared.errors import Unavailable
from shared.limits.limited_call import WaitingCall
from shared.limits.shares import PRESENCE_INTERVAL_S
from tests.support.clock import FakeClock
from tests.support.doubles.limits import SharesInMemory
from tests.support.limited import CLIENT, LimitedProcess, limited_process, limits_of
from tests.support.waiting import until

RATE = {"calls": 1000, "per_seconds": 1, "burst": 400}
SEEDS = range(2)
DAY_S = 86400


def processes(clock: FakeClock, store: SharesInMemory, **limits: object) -> list[LimitedProcess]:
    """Four gateways with two workers each."""
    return [limited_process(store, clock, limits_of("company", "c", **limits)) for _ in range(8)]


async def acquainted(all_: list[LimitedProcess], clock: FakeClock) -> None:
    """Each knows how many they are."""
    for _ in range(2):
        for process in all_:
            await process.shares.renew()
        clock.advance(PRESENCE_INTERVAL_S)


async def flooded(
    all_: list[LimitedProcess], clock: FakeClock, seconds: float, choose: Callable[[], LimitedProcess]
) -> int:
    """How many calls pass of twelve a millisecond; what has passed is reported every 25 ms."""
    passed = 0
    for millisecond in range(round(seconds * 1000)):
        passed += sum([await choose().passed(3, "c") for _ in range(4)])
        if millisecond % 25 == 0:
            for process in all_:
                await process.shares.renew()
        clock.advance(0.001)
    return passed


@pytest.mark.parametrize("seed", SEEDS)
async def test_a_rate_over_four_gateways_is_exact_to_one_percent(clock: FakeClock, seed: int) -> None:
    chance = random.Random(seed)
    all_ = processes(clock, SharesInMemory(clock), rate=RATE)
    weights = [chance.random() for _ in all_]
    seconds = 0.6
    passed = await flooded(all_, clock, seconds, lambda: chance.choices(all_, weights)[0])
    allowed = 400 + 1000 * seconds
    assert allowed * 0.99 <= passed <= allowed * 1.01


@pytest.mark.parametrize("seed", SEEDS)
async def test_a_quota_over_four_gateways_is_exact_to_one_percent(clock: FakeClock, seed: int) -> None:
    chance = random.Random(seed)
    all_ = processes(clock, SharesInMemory(clock), quota={"calls": 2000, "per": "day"})
    passed = await flooded(all_, clock, 0.3, lambda: chance.choice(all_))
    assert 2000 * 0.99 <= passed <= 2000 * 1.01


class RepliesLost(SharesInMemory):
    """Counts, and while `lost` does not say so."""

    lost = False

    async def execute(self, *command: Any) -> list[int]:
        reply = await super().execute(*command)
        if self.lost:
            raise Unavailable
        return reply


async def test_a_small_limit_is_exact_whoever_is_called(clock: FakeClock) -> None:
    all_ = processes(clock, SharesInMemory(clock), quota={"calls": 10, "per": "day"})
    assert sum([await process.passed(3, "c") for process in all_]) == 10


async def test_what_a_refused_call_was_given_by_other_limits_goes_back_to_all(clock: FakeClock) -> None:
    """Whoever gets the next call, and also where no other call follows here."""
    store, quota = SharesInMemory(clock), limits_of("company", "c", quota={"calls": 10, "per": "day"})
    first = limited_process(
        store, clock, quota, limits_of("api_token", "t", rate={"calls": 1, "per_seconds": 3600})
    )
    assert await first.passed(2, "c", "t") == 1
    second = limited_process(store, clock, quota)
    for _ in range(3):
        clock.advance(0.2)
        await first.shares.renew()
    assert await second.passed(20, "c") == 9


async def test_with_the_store_away_each_process_holds_its_share(clock: FakeClock) -> None:
    store = SharesInMemory(clock)
    all_ = processes(clock, store, rate={"calls": 80, "per_seconds": 1}, quota={"calls": 800, "per": "day"})
    await acquainted(all_, clock)
    assert await all_[0].passed(1, "c") == 1
    store.available = False
    clock.advance(2.0)
    assert [await process.passed(200, "c") for process in all_[1:]] == [10] * 7
    clock.advance(1.0)
    assert [await process.passed(200, "c") for process in all_[1:]] == [10] * 7


async def test_what_passes_while_the_store_is_away_counts_when_it_is_back(clock: FakeClock) -> None:
    store = SharesInMemory(clock)
    all_ = processes(clock, store, quota={"calls": 80, "per": "day"})
    await acquainted(all_, clock)
    store.available = False
    assert sum([await process.passed(50, "c") for process in all_]) == 80
    store.available = True
    for process in all_:
        await process.shares.renew()
    clock.advance(10.0)
    assert sum([await process.passed(5, "c") for process in all_]) == 0


async def test_what_passed_in_one_day_counts_in_no_other(clock: FakeClock) -> None:
    """Whether it passed without the store, or was credit that is held."""
    clock.advance(DAY_S - clock.now() % DAY_S - 3600)
    store = SharesInMemory(clock)
    process = limited_process(store, clock, limits_of("company", "c", quota={"calls": 20_000, "per": "day"}))
    for _ in range(5):
        assert await process.passed(30, "c") == 30
        await process.shares.renew()
    store.available = False
    assert await process.passed(1000, "c") == 1000
    clock.advance(3601)
    (meter,) = process.table.objects["c"].meters
    assert meter.remaining(clock.monotonic()) == 20_000
    store.available = True
    for _ in range(3):
        await process.shares.renew()
    assert await process.passed(7, "c") == 7
    clock.advance(1)
    for _ in range(3):
        clock.advance(1)
        await process.shares.renew()
    second = limited_process(store, clock, limits_of("company", "c", quota={"calls": 20_000, "per": "day"}))
    assert await second.passed(1, "c") == 1
    assert second.table.objects["c"].meters[0].remaining(clock.monotonic()) == 20_000 - 8


async def test_what_passed_counts_once_however_many_replies_are_lost(clock: FakeClock) -> None:
    store = RepliesLost(clock)
    limits = [limits_of("company", id_, quota={"calls": 1_000_000, "per": "month"}) for id_ in ("c", "d")]
    process = limited_process(store, clock, *limits)
    passed = await process.passed(1, "c")
    store.available = False
    passed += await process.passed(10_000, "c")
    store.available, store.lost = True, True
    for _ in range(40):
        clock.advance(0.25)
        await process.shares.renew()
        passed += await process.passed(10, "c", "d")
    store.lost = False
    for _ in range(5):
        clock.advance(1)
        await process.shares.renew()
    second = limited_process(store, clock, *limits)
    assert await second.passed(1, "c", "d") == 1
    left = [second.table.objects[id_].meters[0].remaining(clock.monotonic()) for id_ in ("c", "d")]
    assert left == [1_000_000 - passed - 1, 1_000_000 - 401]


async def test_without_the_store_from_the_start_a_limit_holds(clock: FakeClock) -> None:
    store = SharesInMemory(clock)
    store.available = False
    process = limited_process(
        store,
        clock,
        limits_of("company", "c", quota={"calls": 80, "per": "day"}),
        limits_of("company", "d", rate=RATE),
    )
    assert await process.passed(500, "c") == 10
    assert await process.passed(500, "d") == 50


async def test_a_call_that_waits_when_the_store_goes_is_decided_by_the_share(clock: FakeClock) -> None:
    store = SharesInMemory(clock)
    store.available = False
    process = limited_process(store, clock, limits_of("company", "c", quota={"calls": 8, "per": "day"}))
    call = process.table.of(["c"], client=CLIENT, route="site")
    assert call is not None
    outcomes = [call.take() for _ in range(3)]
    await process.shares.start()
    waiting = [outcome.outcome() for outcome in outcomes if isinstance(outcome, WaitingCall)]
    assert len(waiting) == 3
    results = await asyncio.gather(*waiting)
    assert [result is None for result in results] == [True, False, False]
    assert process.shares.away
    store.available = True
    await until(lambda: not process.shares.away)
    await process.shares.stop()


async def test_a_process_without_limits_asks_nobody(clock: FakeClock) -> None:
    store = SharesInMemory(clock)
    process = limited_process(store, clock)
    await process.shares.renew()
    assert await process.outcome("c") is None
    assert store.rounds == 0


async def test_a_store_that_lost_its_data_learns_how_much_of_each_quota_any_process_knows_to_be_used(
    clock: FakeClock,
) -> None:
    """Also from one that nobody calls since, and whoever renews first."""
    store = SharesInMemory(clock)
    knows, other = processes(clock, store, quota={"calls": 50, "per": "day"})[:2]
    await acquainted([knows, other], clock)
    assert await knows.passed(55, "c") == 50
    clock.advance(PRESENCE_INTERVAL_S)
    store.lose_all()
    for _ in range(2):
        for process in (other, knows):
            await process.shares.renew()
        clock.advance(PRESENCE_INTERVAL_S)
    assert await other.passed(55, "c") == 0


async def test_counts_of_a_quota_are_never_lowered_by_what_a_process_knew_before(clock: FakeClock) -> None:
    store = SharesInMemory(clock)
    early, late = processes(clock, store, quota={"calls": 50, "per": "day"})[:2]
    assert await early.passed(10, "c") == 10
    assert await late.passed(20, "c") == 20
    store.lose_all()
    for _ in range(2):
        for process in (late, early):
            clock.advance(PRESENCE_INTERVAL_S)
            await process.shares.renew()
    assert await early.passed(55, "c") + await late.passed(55, "c") == 20
