"""Records: the later one counts, and too many leave by a known horizon."""

from services.key_registry.history.records import (
    HistoryContent,
    HistoryHead,
    Position,
    State,
    StateRecord,
    bounded,
    merged,
)

NOW = 1_800_000_000.0


def record(id_: str, seq: int, state: State = "revoked", until: float | None = None) -> StateRecord:
    return StateRecord("jwt" if until is not None else "api_token", id_, state, seq, until)


def kept(seq: int, horizon: int, *records: StateRecord) -> HistoryContent:
    whole = HistoryContent(HistoryHead(Position(seq, f"m{seq}"), seq * 10, b"h" * 32, horizon))
    whole.add(records)
    return whole


def test_of_two_copies_the_further_head_the_lesser_horizon_and_the_later_record_count() -> None:
    behind = kept(5, 0, record("a", 3, "suspended"), record("b", 5))
    ahead = kept(9, 7, record("a", 8, "active"))
    for copies in ([behind, ahead], [ahead, behind]):
        whole = merged(copies)
        assert whole is not None
        assert whole.head == HistoryHead(Position(9, "m9"), 90, b"h" * 32, 0)
        assert [(r.id, r.seq, r.state) for r in whole.in_order()] == [("b", 5, "revoked"), ("a", 8, "active")]
    assert merged([]) is None


def test_of_two_records_of_one_position_the_one_that_is_stopped_counts() -> None:
    for records in ([record("a", 3), record("a", 3, "active")], [record("a", 3, "active"), record("a", 3)]):
        assert [r.state for r in kept(3, 0, *records).in_order()] == ["revoked"]


def test_a_revoked_jwt_leaves_once_it_concerns_nobody_and_moves_no_horizon() -> None:
    over, alive = record("over", 1, until=NOW - 7200), record("alive", 2, until=NOW)
    assert bounded({r.key: r for r in (over, alive)}, NOW) == ({alive.key: alive}, 0)


def test_of_too_many_what_is_not_stopped_leaves_first_and_the_horizon_says_up_to_where() -> None:
    records = [record("old", 1), record("active", 2, "active"), record("new", 3)]
    found, horizon = bounded({r.key: r for r in records}, NOW, maximum=2)
    assert ({r.id for r in found.values()}, horizon) == ({"old", "new"}, 2)
    found, horizon = bounded({r.key: r for r in records}, NOW, maximum=1)
    assert ({r.id for r in found.values()}, horizon) == ({"new"}, 2)
