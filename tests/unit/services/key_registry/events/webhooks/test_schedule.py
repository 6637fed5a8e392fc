"""Attempts come ever more rarely, the last one three days after the first."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from services.key_registry.events.webhooks.schedule import MAX_PAUSE_S, RETRIED_FOR, next_attempt, pause

START = datetime(2026, 11, 26, tzinfo=UTC)


@pytest.mark.parametrize("random", [0.0, 0.5, 1.0])
def test_a_delivery_is_tried_for_three_days_and_then_given_up(random: float) -> None:
    at, tried = START, [START]
    while (again := next_attempt(len(tried), at, START + RETRIED_FOR, random)) is not None:
        assert again > at
        at = again
        tried.append(at)
    assert at == START + RETRIED_FOR
    assert 10 < len(tried) < 20
    assert tried[1] - START < timedelta(seconds=6)
    gaps = [later - sooner for sooner, later in pairwise(tried)]
    assert gaps[:-1] == sorted(gaps[:-1])
    assert max(gaps) < timedelta(hours=14)


def test_a_target_that_fails_is_left_alone_for_a_minute_at_most() -> None:
    pauses = [pause(failures).total_seconds() for failures in range(1, 100)]
    assert (pauses[0], max(pauses)) == (1, MAX_PAUSE_S)
    assert pauses == sorted(pauses)
