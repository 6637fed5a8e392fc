"""The guard: closed until compared, and as soon as anything shows that the history was set back."""

import pytest

from services.key_registry.audit_trail.chain import Head
from services.key_registry.history.guard import HistoryGuard
from services.key_registry.history.records import ORIGIN, HistoryHead, Position
from shared.errors import Unavailable

FIVE = Position(5, "five")


@pytest.fixture
def guard() -> HistoryGuard:
    guard = HistoryGuard()
    guard.open(HistoryHead(FIVE, 50, b"fifty"))
    return guard


def closes(guard: HistoryGuard) -> bool:
    """Whether it is closed, and a comparison was requested."""
    with pytest.raises(Unavailable):
        guard.expected()
    return guard.compare_now.is_set()


def test_it_is_closed_until_the_history_was_compared() -> None:
    guard = HistoryGuard()
    with pytest.raises(Unavailable) as error:
        guard.expected()
    assert error.value.retry_after > 0
    guard.open(HistoryHead(ORIGIN))
    assert guard.expected() == ORIGIN


def test_an_earlier_position_or_another_mark_closes_it(guard: HistoryGuard) -> None:
    for seq, mark in ((4, "four"), (5, "other"), (0, "origin")):
        guard.open(HistoryHead(FIVE))
        guard.compare_now.clear()
        with pytest.raises(Unavailable):
            guard.confirm(FIVE, seq, mark)
        assert closes(guard)


def test_what_was_read_before_another_has_seen_more_is_no_evidence(guard: HistoryGuard) -> None:
    expected = guard.expected()
    guard.note(Position(9, "nine"))
    guard.confirm(expected, 5, "five")
    assert guard.closed is None
    assert guard.expected() == Position(9, "nine")


def test_a_position_that_is_not_there_closes_it(guard: HistoryGuard) -> None:
    guard.confirm_mark(FIVE, "five")
    with pytest.raises(Unavailable):
        guard.confirm_mark(FIVE, None)
    assert closes(guard)


@pytest.mark.parametrize("head", [Head(49, b"x"), Head(50, b"other")])
def test_an_audit_trail_that_is_shorter_or_another_closes_it(guard: HistoryGuard, head: Head) -> None:
    guard.confirm_audit(Head(50, b"fifty"))
    guard.confirm_audit(Head(51, b"x"))
    with pytest.raises(Unavailable):
        guard.confirm_audit(head)
    assert closes(guard)


def test_what_was_under_way_when_it_closed_is_refused(guard: HistoryGuard) -> None:
    expected = guard.expected()
    guard.close("why")
    with pytest.raises(Unavailable, match="why"):
        guard.confirm(expected, 9, "nine")
