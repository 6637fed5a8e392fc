"""A quota that is nearly or wholly used is reported to the registry, once in its period."""

from shared.contracts.key_registry import Snapshot
from shared.contracts.limits import ObjectLimits
from shared.limits.quota_watch import QuotaWatch
from shared.limits.shares import Shares
from shared.limits.table import LimitTable
from tests.support.clock import FakeClock
from tests.support.doubles.limits import SharesInMemory
from tests.support.doubles.registry import RegistryDouble
from tests.support.limited import LimitedProcess, limits_of

ID = "0190c0de-0000-7000-8000-000000000001"
DAY_S = 86_400


def watched(clock: FakeClock, registry: RegistryDouble, limits: ObjectLimits) -> tuple[QuotaWatch, LimitedProcess]:
    watch = QuotaWatch(registry, clock)
    shares = Shares(SharesInMemory(clock), clock, place="test", on_renewal=watch.look)
    table = LimitTable(shares, clock)
    table.reset(Snapshot(as_of=0, stopped=(), limits=(limits,)))
    return watch, LimitedProcess(shares, table)


async def percents(watch: QuotaWatch, registry: RegistryDouble) -> list[tuple[int, int]]:
    """Of what has been reported: the quota and how much of it is used."""
    await watch.stop()
    return [(notice.calls, notice.percent) for notice in registry.quota_notices]


async def test_eighty_percent_and_the_whole_are_reported_once_in_each_period(clock: FakeClock) -> None:
    registry = RegistryDouble()
    watch, process = watched(clock, registry, limits_of("company", ID, quota={"calls": 10, "per": "day"}))
    assert await process.passed(7, ID) == 7
    assert await percents(watch, registry) == []
    assert await process.passed(1, ID) == 1
    assert await percents(watch, registry) == [(10, 80)]
    assert await process.passed(9, ID) == 2
    assert await percents(watch, registry) == [(10, 80), (10, 100)]
    assert (registry.quota_notices[0].kind, registry.quota_notices[0].id) == ("company", ID)
    clock.advance(DAY_S)
    assert await process.passed(9, ID) == 9
    assert await percents(watch, registry) == [(10, 80), (10, 100), (10, 80)]


async def test_what_the_registry_does_not_take_now_is_reported_later(clock: FakeClock) -> None:
    registry = RegistryDouble()
    watch, process = watched(clock, registry, limits_of("company", ID, quota={"calls": 5, "per": "month"}))
    registry.away = True
    assert await process.passed(5, ID) == 5
    assert await percents(watch, registry) == []
    registry.away = False
    assert await percents(watch, registry) == [(5, 80), (5, 100)]


async def test_a_rate_is_no_quota(clock: FakeClock) -> None:
    registry = RegistryDouble()
    watch, process = watched(clock, registry, limits_of("company", ID, rate={"calls": 5, "per_seconds": 60}))
    assert await process.passed(6, ID) == 5
    assert await percents(watch, registry) == []
