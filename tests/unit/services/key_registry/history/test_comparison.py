"""Whether a database lacks what was known: by its feed, or by its audit trail alone."""

from services.key_registry.audit_trail.chain import Head
from services.key_registry.history.comparison import find_loss, is_lost
from services.key_registry.history.ports import DatabaseState, Restore
from services.key_registry.history.records import ORIGIN, HistoryHead, Position


def head(seq: int, audit: int = 0, *, history: str = "a") -> HistoryHead:
    return HistoryHead(Position(seq, f"{history}{seq}"), audit, f"{history}{audit}".encode())


def database(last: int, audit: int = 0, *, history: str = "a") -> DatabaseState:
    return DatabaseState(
        1,
        Position(last, f"{history}{last}"),
        Head(audit, f"{history}{audit}".encode()),
        {seq: f"{history}{seq}" for seq in range(1, last + 1)},
        {seq: f"{history}{seq}".encode() for seq in range(1, audit + 1)},
    )


RESTORE = Restore(0.0, 5, 10, 11, 50, 100, {})


def test_what_is_there_is_not_lost() -> None:
    assert not is_lost(HistoryHead(ORIGIN), database(0))
    assert not is_lost(head(5, 50), database(5, 50))
    assert not is_lost(head(5, 50), database(9, 90))
    assert find_loss([head(5, 50), head(7, 60)], database(9, 90)) is None


def test_an_earlier_end_and_another_history_are_a_loss() -> None:
    assert is_lost(head(10), database(9))
    assert is_lost(head(10), database(0))
    assert is_lost(head(10), database(12, history="b"))


def test_a_shorter_and_another_audit_trail_are_a_loss_with_the_same_feed() -> None:
    assert is_lost(head(5, 50), database(5, 49))
    assert is_lost(head(5, 50), DatabaseState(1, Position(5, "a5"), Head(60, b""), {5: "a5"}, {50: b"other"}))


def test_what_was_pruned_or_has_left_for_a_file_cannot_be_compared() -> None:
    assert not is_lost(head(3, 50), DatabaseState(8, Position(9, "a9"), Head(60, b""), {}, {}))


def test_a_restore_that_is_known_is_settled_for_whoever_knew_the_lost_history() -> None:
    resumed = DatabaseState(1, Position(12, "b12"), Head(55, b"b55"), {}, {55: b"b55"}, (RESTORE,))
    for known in (head(10, 100), head(7, 60), head(10, 55)):
        assert not is_lost(known, resumed)
    assert is_lost(head(13, 56, history="b"), resumed)


def test_the_loss_is_of_all_that_anybody_knew() -> None:
    loss = find_loss([head(10, 60), head(7, 100)], database(5, 50))
    assert loss is not None
    assert (loss.changes, loss.audit_lines) == (5, 50)
    assert str(loss) == "the database has 5 changes and 50 audit lines, and 10 and 100 are known outside"
