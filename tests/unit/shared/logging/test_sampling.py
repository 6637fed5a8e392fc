import pytest

from shared.logging import sampling
from shared.logging.sampling import BURST_BYTES, BURST_LINES, BYTES_PER_S, LINES_PER_S, OTHERS, Sampler
from tests.support.clock import FakeClock

KEY = ("request", "site", "invalid")


def flood(sampler: Sampler, *, key: tuple[str, ...] = KEY, lines: int = 1000, size: int = 100) -> int:
    """How many bytes were written."""
    written = 0
    for _ in range(lines):
        if sampler.admits(key):
            sampler.written(size)
            written += size
    return written


def test_a_bucket_has_a_burst_and_then_its_rate() -> None:
    clock = FakeClock()
    sampler = Sampler(clock.monotonic)
    assert flood(sampler) == BURST_LINES * 100
    clock.advance(10)
    assert flood(sampler) == min(BURST_LINES, 10 * LINES_PER_S) * 100
    clock.advance(1)
    assert flood(sampler) == LINES_PER_S * 100


def test_a_flood_of_one_kind_leaves_the_others_their_lines() -> None:
    sampler = Sampler(FakeClock().monotonic)
    flood(sampler)
    assert flood(sampler, key=("request", "site", "no_credential"), lines=5) == 500
    assert flood(sampler, key=("request", "other", "invalid"), lines=5) == 500


def test_a_flood_of_all_kinds_is_bounded_in_bytes_a_second() -> None:
    clock = FakeClock()
    sampler = Sampler(clock.monotonic)
    size, seconds, written = 900, 60, 0
    for _ in range(seconds):
        for kind in range(200):
            written += flood(sampler, key=("request", str(kind)), lines=30, size=size)
        clock.advance(1)
    assert written <= BURST_BYTES + seconds * BYTES_PER_S + size


def test_what_is_left_out_is_counted_by_bucket_and_reported_once() -> None:
    sampler = Sampler(FakeClock().monotonic)
    flood(sampler, lines=100)
    assert sampler.take_left_out() == [(KEY, 100 - BURST_LINES)]
    assert sampler.take_left_out() == []
    assert sampler.left_out == 100 - BURST_LINES


def test_the_number_of_buckets_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "MAX_BUCKETS", 10)
    sampler = Sampler(FakeClock().monotonic)
    for kind in range(1000):
        flood(sampler, key=("request", str(kind)), lines=1)
    assert len(sampler._buckets) == 11
    assert dict(sampler.take_left_out()) == {OTHERS: 990 - BURST_LINES}
