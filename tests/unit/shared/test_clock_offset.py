"""Whose clock is off by how much, and what is not judged by it."""

import pytest
from prometheus_client import CollectorRegistry

from shared.clock_offset import ClockOffsets, JudgingClock, response_fields
from shared.errors import Unavailable
from tests.support.clock import FakeClock

REFERENCE = "key_registry"


@pytest.fixture
def offsets(clock: FakeClock) -> ClockOffsets:
    return ClockOffsets(clock, REFERENCE)


def observe(
    offsets: ClockOffsets, clock: FakeClock, *, ahead: float = 0.0, round_trip: float = 0.0, peer: str = REFERENCE
) -> None:
    """An exchange with a peer whose clock is so far ahead of ours."""
    exchange = offsets.peer(peer).begin()
    clock.advance(round_trip / 2)
    stated = clock.now() + ahead
    clock.advance(round_trip / 2)
    exchange.end(f"{stated:.6f}")


@pytest.mark.parametrize("off", [0.0, 29.9, -29.9, 30.0])
async def test_an_offset_of_up_to_thirty_seconds_is_invisible(
    offsets: ClockOffsets, clock: FakeClock, off: float
) -> None:
    observe(offsets, clock, ahead=-off)
    assert offsets.offset(REFERENCE) == pytest.approx(off, abs=1e-5)
    await offsets.check()
    assert JudgingClock(clock, offsets).now() == clock.now()


@pytest.mark.parametrize(("off", "words"), [(45.0, "45.0 s ahead of"), (-31.0, "31.0 s behind"), (1e6, "ahead")])
async def test_past_it_nothing_is_judged_and_health_names_the_offset(
    offsets: ClockOffsets, clock: FakeClock, off: float, words: str
) -> None:
    observe(offsets, clock, ahead=-off)
    for judged in (JudgingClock(clock, offsets).now, offsets.require_valid):
        with pytest.raises(Unavailable, match=words):
            judged()
    with pytest.raises(Unavailable, match=words):
        await offsets.check()
    observe(offsets, clock)
    await offsets.check()


@pytest.mark.parametrize("step", [600.0, -600.0])
def test_a_step_of_the_own_clock_is_known_at_once_and_over_at_once(
    offsets: ClockOffsets, clock: FakeClock, step: float
) -> None:
    observe(offsets, clock)
    clock.skew(step)
    assert not offsets.valid
    assert offsets.time() == pytest.approx(clock.now() - step)
    clock.skew(-step)
    assert offsets.valid


def test_a_step_of_all_clocks_is_over_with_the_next_exchange(offsets: ClockOffsets, clock: FakeClock) -> None:
    observe(offsets, clock)
    clock.skew(600)
    assert not offsets.valid
    observe(offsets, clock)
    assert offsets.valid


def test_the_offset_is_taken_from_the_middle_of_the_exchange(offsets: ClockOffsets, clock: FakeClock) -> None:
    observe(offsets, clock, ahead=0.25, round_trip=0.5)
    assert offsets.offset(REFERENCE) == pytest.approx(-0.25, abs=1e-5)


def test_only_what_is_surely_off_by_too_much_counts_as_wrong(offsets: ClockOffsets, clock: FakeClock) -> None:
    observe(offsets, clock, ahead=30.5, round_trip=1.9)
    assert offsets.valid
    observe(offsets, clock, ahead=30.5, round_trip=0.2)
    assert not offsets.valid


def test_exchanges_that_say_nothing_of_the_time_are_ignored(offsets: ClockOffsets, clock: FakeClock) -> None:
    observe(offsets, clock, ahead=100, round_trip=3.0)
    for stated in (None, "", "?", "nan", "inf", "1e999", "Fri, 27 Nov 2026"):
        offsets.peer(REFERENCE).begin().end(stated)
    exchange = offsets.peer(REFERENCE).begin()
    clock.skew(600)
    exchange.end(f"{clock.now()}")
    assert offsets.offset(REFERENCE) is None
    assert offsets.valid


def test_a_peer_that_is_not_the_reference_is_measured_and_does_not_make_the_own_clock_wrong(
    clock: FakeClock,
) -> None:
    metrics = CollectorRegistry()
    offsets = ClockOffsets(clock, REFERENCE, metrics)
    observe(offsets, clock)
    observe(offsets, clock, ahead=45, peer="token_issuer")
    assert offsets.valid
    value = metrics.get_sample_value("clock_offset_seconds", {"peer": "token_issuer"})
    assert value == pytest.approx(-45, abs=1e-5)


def test_the_metric_shows_a_step_of_the_own_clock_before_the_next_exchange(clock: FakeClock) -> None:
    metrics = CollectorRegistry()
    observe(ClockOffsets(clock, REFERENCE, metrics), clock)
    clock.skew(45)
    value = metrics.get_sample_value("clock_offset_seconds", {"peer": REFERENCE})
    assert value == pytest.approx(45, abs=1e-5)


def test_the_time_is_stated_only_to_who_asks_for_it() -> None:
    assert response_fields({}, 1.5) == {}
    assert response_fields({"Passgate-Time": "?"}, 1.5) == {"Passgate-Time": "1.500000"}
