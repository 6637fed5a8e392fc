"""What goes with a follower: the report of what was applied, metrics, health."""

import asyncio

import orjson
import pytest
from aiohttp.test_utils import make_mocked_request
from prometheus_client import CollectorRegistry

from shared.changes import reporter
from shared.changes.follower import ChangeFollower
from shared.changes.observed_follower import Following, FollowingHealth, FollowingMetrics
from shared.changes.reporter import PositionReporter
from shared.clock_offset import ClockOffsets
from shared.contracts.key_registry import Change, ChangePage, Position
from shared.errors import Unavailable
from tests.support.clock import FakeClock
from tests.support.doubles.registry import RegistryDouble
from tests.support.waiting import until


class Reported(RegistryDouble):
    """Keeps what is reported; refuses `refusals` reports first."""

    def __init__(self) -> None:
        super().__init__()
        self.reported: list[Position] = []
        self.refusals = 0

    async def report(self, position: Position) -> None:
        if self.refusals:
            self.refusals -= 1
            raise Unavailable
        self.reported.append(position)


@pytest.fixture
def registry() -> Reported:
    return Reported()


@pytest.fixture
def followed(registry: Reported, clock: FakeClock) -> Following:
    follower = ChangeFollower(registry, (), clock=clock, interval=0.005)
    return Following(follower, PositionReporter("gateway", follower, registry, lambda: 60.0))


async def test_position_is_reported_as_soon_as_it_moves_and_a_goodbye_at_the_end(
    registry: Reported, followed: Following
) -> None:
    await followed.start()
    await until(lambda: registry.reported)
    registry.set_status("company", "a", "revoked")
    await until(lambda: registry.reported[-1].position == 1)
    await followed.stop()
    last = registry.reported[-1]
    assert (last.position, last.leaving, last.service) == (1, True, "gateway")
    assert len({position.instance for position in registry.reported}) == 1
    assert {position.staleness_bound for position in registry.reported} == {60.0}


async def test_report_that_did_not_arrive_is_made_again_soon(
    registry: Reported, followed: Following, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reporter, "REPORT_RETRY_INTERVAL_S", 0.01)
    registry.refusals = 2
    await followed.start()
    await until(lambda: registry.reported)
    await followed.stop()


async def test_one_that_never_followed_says_no_goodbye(registry: Reported, followed: Following) -> None:
    registry.away = True
    await followed.start()
    await asyncio.sleep(0.02)
    await followed.stop()
    assert registry.reported == []


def test_time_on_the_way_is_a_histogram(clock: FakeClock) -> None:
    metrics = CollectorRegistry()
    observed = FollowingMetrics(metrics, clock)
    observed.apply(Change(seq=1, kind="company", id="a", status="revoked", at=clock.now() - 0.02))
    assert metrics.get_sample_value("change_propagation_seconds_bucket", {"le": "0.025"}) == 1
    assert metrics.get_sample_value("change_propagation_seconds_bucket", {"le": "0.01"}) == 0


async def test_a_registry_that_gave_a_snapshot_and_confirmed_nothing_has_no_age(clock: FakeClock) -> None:
    class Mute(Reported):
        async def changes(self, after: int, *, mark: str | None = None, limit: int = 1000) -> ChangePage:
            raise Unavailable

    follower = ChangeFollower(Mute(), (), clock=clock)
    health = FollowingHealth("gateway", follower, ClockOffsets(clock, reference="key_registry"))
    with pytest.raises(Unavailable):
        await follower.poll()
    report = await health.report(make_mocked_request("GET", "/health"))
    changes = orjson.loads(report.text or "")["dependencies"]["changes"]
    assert (changes["position"], changes["age"]) == (0, None)
    assert changes["reason"].endswith("the registry has not responded yet")


async def test_health_shows_how_far_the_changes_were_followed_and_why_it_is_not_ready(
    registry: Reported, clock: FakeClock
) -> None:
    follower = ChangeFollower(registry, (), clock=clock)
    health = FollowingHealth("gateway", follower, ClockOffsets(clock, reference="key_registry"))
    request = make_mocked_request("GET", "/health")
    assert orjson.loads((await health.ready(request)).text or "")["missing"] == {
        "changes": "revocations cannot be followed: the registry has not responded yet"
    }
    registry.set_status("company", "a", "revoked")
    await follower.poll()
    clock.advance(2)
    report = await health.report(request)
    changes = orjson.loads(report.text or "")["dependencies"]["changes"]
    assert (report.status, changes["position"], changes["age"], changes["streaming"]) == (200, 1, 2.0, False)
    clock.advance(4)
    ready = await health.ready(request)
    assert (ready.status, orjson.loads(ready.text or "")["missing"]) == (
        503,
        {"changes": "revocations cannot be followed: the registry last responded 6.0 s ago, and 5 s is the bound"},
    )
