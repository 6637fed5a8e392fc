"""The generic cell rate algorithm, by a clock that the test moves."""

from hypothesis import given
from hypothesis import strategies as st

from shared.limits.gcra import Gcra


def test_a_whole_burst_passes_at_once_and_then_one_call_an_interval() -> None:
    bucket = Gcra(0.02, 100, now=1000.0)
    assert [bucket.take(1000.0) for _ in range(101)] == [True] * 100 + [False]
    assert round(bucket.wait(1000.0), 6) == 0.02
    assert [bucket.take(1000.0199), bucket.take(1000.02), bucket.take(1000.02)] == [False, True, False]
    assert bucket.free(1001.02) == 50
    assert bucket.free(5000.0) == 100


def test_a_bucket_that_is_not_full_begins_with_what_is_free() -> None:
    assert Gcra(1.0, 10, now=5.0, free=3).free(5.0) == 3
    assert Gcra(1.0, 10, now=5.0, free=0).free(6.0) == 1
    assert Gcra(1.0, 10, now=5.0, free=99).free(5.0) == 10


def test_what_passed_without_leave_is_owed() -> None:
    bucket = Gcra(1.0, 10, now=0.0)
    bucket.owe(15, 0.0)
    assert (bucket.free(5.0), bucket.free(6.0)) == (0, 1)
    assert bucket.wait(2.0) == 4.0


@given(
    interval=st.floats(0.001, 10),
    burst=st.integers(1, 50),
    pauses=st.lists(st.floats(0, 20), min_size=1, max_size=200),
)
def test_no_span_of_time_has_more_calls_than_a_burst_and_the_rate(
    interval: float, burst: int, pauses: list[float]
) -> None:
    now, bucket = 100.0, Gcra(interval, burst, now=100.0)
    passed = []
    for pause in pauses:
        now += pause
        if bucket.take(now):
            passed.append(now)
    for first, start in enumerate(passed):
        for last in range(first, len(passed)):
            assert last - first + 1 <= burst + (passed[last] - start) / interval + 0.001
