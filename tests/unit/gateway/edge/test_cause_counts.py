"""A flood of closed connections is a line of each cause now and then, and no connection is left out."""

from gateway.edge.cause_counts import LOG_INTERVAL_S, CauseCount, CauseCounts


def test_the_first_is_due_at_once_and_the_others_together_later() -> None:
    counts = CauseCounts()
    counts.note("a", "192.0.2.1", "first")
    assert counts.due(100.0) == [CauseCount("a", 1, "192.0.2.1", "first")]
    for number in range(5):
        counts.note("a", f"192.0.2.{number}", f"reason {number}")
    assert counts.due(100.0 + LOG_INTERVAL_S - 0.1) == []
    assert counts.due(100.0 + LOG_INTERVAL_S) == [CauseCount("a", 5, "192.0.2.4", "reason 4")]
    assert counts.due(1000.0) == []


def test_one_cause_does_not_hold_back_another() -> None:
    counts = CauseCounts()
    counts.note("a", "192.0.2.1")
    counts.due(100.0)
    counts.note("a", "192.0.2.1")
    counts.note("b", "192.0.2.2")
    assert [noted.cause for noted in counts.due(101.0)] == ["b"]
