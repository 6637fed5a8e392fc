"""Following changes while the wall clock is set: what was forgotten by the wrong time is not relied upon."""

import pytest

from shared.changes.follower import CLOCK_STEP_S, ChangeFollower
from shared.changes.stopped_set import PRUNE_AT, StoppedSet
from shared.contracts.key_registry import Stopped
from shared.errors import Unavailable
from tests.support.clock import FakeClock
from tests.support.doubles.changes import ScriptedSource, ScriptedStream

LONG_STEP_S = 3 * 3600.0


@pytest.fixture
def stopped(clock: FakeClock) -> StoppedSet:
    return StoppedSet(clock)


@pytest.fixture
def follower(source: ScriptedSource, stopped: StoppedSet, clock: FakeClock) -> ChangeFollower:
    """One whose source has something stopped that a token of an hour is alive with."""
    source.stopped.append(Stopped(id="ended", until=clock.now() + 3600, kind="jwt"))
    return ChangeFollower(source, (stopped,), clock=clock, bound=5.0)


@pytest.mark.parametrize("step", [CLOCK_STEP_S + 1, -CLOCK_STEP_S - 1, 600.0, -LONG_STEP_S])
async def test_after_a_step_of_the_clock_nothing_counts_before_a_new_snapshot(
    follower: ChangeFollower, source: ScriptedSource, clock: FakeClock, step: float
) -> None:
    await follower.poll()
    source.away = True
    clock.skew(step)
    assert not follower.fresh
    assert not follower.known_within(60.0)
    with pytest.raises(Unavailable, match="the wall clock was set"):
        await follower.check()
    source.away = False
    await follower.poll()
    assert follower.fresh


async def test_a_clock_that_is_thirty_seconds_off_is_invisible(follower: ChangeFollower, clock: FakeClock) -> None:
    await follower.poll()
    for step in (30.0, -60.0):
        clock.skew(step)
        assert follower.fresh


async def test_what_a_snapshot_has_lost_by_the_wrong_time_does_not_count_once_the_clock_is_right_again(
    follower: ChangeFollower, stopped: StoppedSet, clock: FakeClock
) -> None:
    await follower.poll()
    clock.skew(LONG_STEP_S)
    await follower.poll()
    assert "ended" not in stopped  # over long since, by this clock
    clock.skew(-LONG_STEP_S)
    assert not follower.fresh
    await follower.poll()
    assert follower.fresh
    assert "ended" in stopped


async def test_nothing_is_forgotten_for_what_a_stream_brings_while_the_clock_is_wrong_and_the_registry_away(
    follower: ChangeFollower, source: ScriptedSource, stopped: StoppedSet, clock: FakeClock
) -> None:
    later = clock.now() + 10 * LONG_STEP_S
    source.stopped += [Stopped(id=f"other-{number}", until=later, kind="jwt") for number in range(PRUNE_AT)]
    await follower.poll()
    source.away = True
    clock.skew(LONG_STEP_S)
    for number in range(PRUNE_AT + 10):
        source.add(f"company-{number}")
    await follower.read(ScriptedStream(source.log))
    clock.skew(-LONG_STEP_S)
    assert follower.fresh
    assert "ended" in stopped
