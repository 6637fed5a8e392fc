"""What has been stopped is known from the snapshot on, until it goes on again."""

from gateway.stopped import PRUNE_AFTER, StoppedSet
from shared.contracts.key_registry import Change, Kind, Snapshot, Status, Stopped
from tests.support.clock import FakeClock


def change(id_: str, status: Status, *, kind: Kind = "api_client", until: float | None = None) -> Change:
    return Change(seq=1, kind=kind, id=id_, status=status, at=0, until=until)


def test_a_snapshot_replaces_what_was_known(clock: FakeClock) -> None:
    stopped = StoppedSet(clock)
    stopped.apply(change("old", "revoked"))
    stopped.reset(Snapshot(as_of=3, stopped=(Stopped(kind="company", id="new"),)))
    assert not stopped.holds_any({"old"})
    assert stopped.holds_any({"x", "new"})


def test_what_is_resumed_goes_on(clock: FakeClock) -> None:
    stopped = StoppedSet(clock)
    for status in ("suspended", "revoked"):
        stopped.apply(change("a", status))
        assert stopped.holds_any({"a"})
        stopped.apply(change("a", "active"))
        assert not stopped.holds_any({"a"})


def test_what_nothing_alive_can_hang_on_is_forgotten_and_nothing_else(clock: FakeClock) -> None:
    stopped = StoppedSet(clock)
    stopped.apply(change("jti", "revoked", kind="jwt", until=clock.now() + 3600))
    stopped.apply(change("client", "revoked"))
    for moment in (3600, 7300):
        for number in range(PRUNE_AFTER):
            stopped.apply(change(str(number % 7), "active"))
        assert stopped.holds_any({"jti"}) is (moment == 3600)
        clock.advance(7300)
    assert stopped.holds_any({"client"})
