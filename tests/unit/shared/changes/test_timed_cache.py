"""A value holds for so long from the question on, and no more of them are kept than are allowed."""

import pytest

from shared.changes.timed_cache import TimedCache
from tests.support.clock import FakeClock


@pytest.fixture
def cache(clock: FakeClock) -> TimedCache[str, int]:
    return TimedCache(1.0, 3, clock)


def test_a_value_holds_for_its_time_from_the_question_on(cache: TimedCache[str, int], clock: FakeClock) -> None:
    asked_at = clock.monotonic()
    clock.advance(0.6)
    cache.put("a", 1, asked_at)
    clock.advance(0.3)
    assert cache.find("a") == 1
    clock.advance(0.1)
    assert cache.find("a") is None
    assert len(cache) == 0


def test_a_newer_value_takes_the_place_of_an_older_one(cache: TimedCache[str, int], clock: FakeClock) -> None:
    cache.put("a", 1, clock.monotonic())
    clock.advance(0.9)
    cache.put("a", 2, clock.monotonic())
    clock.advance(0.9)
    assert cache.find("a") == 2
    cache.discard("a")
    assert cache.find("a") is None


def test_what_is_over_leaves_and_so_does_the_oldest_where_there_is_no_room(
    cache: TimedCache[str, int], clock: FakeClock
) -> None:
    for number in range(5):
        cache.put(str(number), number, clock.monotonic())
        clock.advance(0.1)
    assert [cache.find(str(number)) for number in range(5)] == [None, None, 2, 3, 4]
    clock.advance(0.85)
    cache.put("5", 5, clock.monotonic())
    assert len(cache) == 2
