from shared.changes.stopped_set import CLOCK_ERROR_S, PRUNE_AT, StoppedSet
from shared.contracts.key_registry import Change, Snapshot, Status, Stopped
from tests.support.clock import FakeClock


def change(id_: str, status: Status, until: float | None = None) -> Change:
    return Change(seq=1, kind="company", id=id_, status=status, at=0, until=until)


def test_suspended_object_is_stopped_until_it_is_resumed(clock: FakeClock) -> None:
    stopped = StoppedSet(clock)
    stopped.apply(change("a", "suspended"))
    assert stopped.holds_any(("x", "a"))
    clock.advance(10**6)
    assert "a" in stopped
    stopped.apply(change("a", "active"))
    assert not stopped.holds_any(("x", "a"))


def test_revocations_leave_when_no_token_that_they_concern_can_be_alive(clock: FakeClock) -> None:
    stopped = StoppedSet(clock)
    soon = clock.now() + 60
    for n in range(PRUNE_AT - 2):
        stopped.apply(change(f"old{n}", "revoked", soon))
    stopped.apply(change("kept", "revoked", soon + 2 * CLOCK_ERROR_S))
    clock.advance(60 + CLOCK_ERROR_S)
    stopped.apply(change("new", "revoked", clock.now() + 60))
    assert len(stopped) == 2


def test_snapshot_replaces_what_was_known(clock: FakeClock) -> None:
    stopped = StoppedSet(clock, frozenset({"company"}))
    stopped.apply(change("a", "suspended"))
    now = (Stopped(kind="company", id="b"), Stopped(kind="jwt", id="c", until=clock.now() + 60))
    stopped.reset(Snapshot(as_of=5, stopped=now))
    assert [id_ in stopped for id_ in "abc"] == [False, True, False]


def test_snapshot_that_was_read_before_a_revocation_made_here_does_not_undo_it(clock: FakeClock) -> None:
    stopped = StoppedSet(clock)
    stopped.revoke("j", clock.now() + 60, "jwt")
    stopped.reset(Snapshot(as_of=5, stopped=()))
    assert stopped.first(["j"]) == ("jwt", "j")
    clock.advance(61 + CLOCK_ERROR_S)
    stopped.reset(Snapshot(as_of=6, stopped=()))
    assert len(stopped) == 0


def test_what_is_stopped_is_named_with_its_kind_whether_from_a_snapshot_or_a_change(clock: FakeClock) -> None:
    stopped = StoppedSet(clock)
    stopped.reset(Snapshot(as_of=5, stopped=(Stopped(kind="jwt", id="c", until=clock.now() + 60),)))
    stopped.apply(change("a", "suspended"))
    assert stopped.first(("x", "c", "a")) == ("jwt", "c")
    assert stopped.first(("x", "a", "c")) == ("company", "a")
    assert stopped.first(("x",)) is None


def test_snapshot_of_a_hundred_thousand_keeps_all_that_is_not_over(clock: FakeClock) -> None:
    until = clock.now() + 3600
    items = [Stopped(kind="jwt", id=f"jti-{n}", until=until) for n in range(100_000)]
    over = Stopped(kind="jwt", id="over", until=clock.now() - CLOCK_ERROR_S)
    stopped = StoppedSet(clock)
    stopped.reset(Snapshot.model_construct(as_of=1, stopped=(*items, over)))
    assert len(stopped) == 100_000
