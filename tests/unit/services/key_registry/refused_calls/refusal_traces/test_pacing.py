"""A flood fills no more than a day's part of its ring in a day, and of each cause and source something is kept."""

import pytest

from services.key_registry.refused_calls.refusal_traces.pacing import DAY_S, Pacing
from services.key_registry.refused_calls.refusal_traces.ports import SEGMENTS
from tests.support.clock import FakeClock
from tests.support.traces import trace

RING_BYTES = 8 * 200_000


@pytest.fixture
def pacing(clock: FakeClock) -> Pacing:
    return Pacing(clock, RING_BYTES)


def test_usual_number_is_kept_whole(pacing: Pacing) -> None:
    traces = [trace(number) for number in range(50)]
    assert pacing.admitted(traces) == traces


def test_flood_of_a_day_takes_no_more_than_the_days_bytes_and_what_may_come_at_once(
    pacing: Pacing, clock: FakeClock
) -> None:
    taken = 0
    for hour in range(24):
        for batch in range(20):
            kept = pacing.admitted([trace(hour * 10_000 + batch * 200 + n) for n in range(200)])
            taken += sum(len(one.model_dump_json()) + 400 for one in kept)
        clock.advance(DAY_S / 24)
    assert taken <= 1.5 * RING_BYTES / SEGMENTS


def test_something_of_each_cause_and_source_is_kept_before_more_of_any(pacing: Pacing) -> None:
    while pacing.admitted([trace(client="198.51.100.1")] * 100):
        pass
    pacing._left = 3_000.0
    flood = [trace(number, client="198.51.100.1") for number in range(100)]
    kept = pacing.admitted([*flood, trace(500, cause="wrong_audience"), trace(501, client="192.0.2.9")])
    assert {"request-500", "request-501"} <= {one.request_id for one in kept}
