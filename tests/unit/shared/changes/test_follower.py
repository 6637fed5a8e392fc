"""Following changes, over a source that the test scripts."""

import asyncio

import pytest

from shared.changes import follower as follower_module
from shared.changes.follower import ChangeFollower
from shared.contracts.key_registry import Change, ChangePage, Snapshot
from shared.errors import Unavailable
from tests.support.clock import FakeClock
from tests.support.doubles.changes import Recorder, ScriptedSource, ScriptedStream


async def test_each_change_is_applied_once_and_in_order(
    source: ScriptedSource, recorder: Recorder, follower: ChangeFollower
) -> None:
    await follower.poll()
    for name in "abc":
        source.add(name)
    await follower.poll()
    await follower.poll()
    source.add("d")
    await follower.poll()
    assert recorder.applied == ["a", "b", "c", "d"]
    assert (recorder.resets, follower.position) == (1, 4)


async def test_gap_leads_to_a_new_snapshot(
    source: ScriptedSource, recorder: Recorder, follower: ChangeFollower
) -> None:
    await follower.poll()
    for name in "abc":
        source.add(name)
    source.pruned_to = 2
    await follower.poll()
    assert (recorder.resets, recorder.applied, follower.position) == (2, [], 3)


async def test_registry_set_back_to_an_older_state_leads_to_a_new_snapshot(
    source: ScriptedSource, recorder: Recorder, follower: ChangeFollower
) -> None:
    for name in "abc":
        source.add(name)
    await follower.poll()
    source.restore(1)
    await follower.poll()
    assert (recorder.resets, follower.position) == (2, 1)


async def test_history_that_has_overtaken_the_position_leads_to_a_new_snapshot(
    source: ScriptedSource, recorder: Recorder, follower: ChangeFollower
) -> None:
    for name in "abc":
        source.add(name)
    await follower.poll()
    source.restore(1)
    for name in "xyz":
        source.add(name)
    await follower.poll()
    assert (recorder.resets, recorder.applied, follower.position, follower.mark) == (2, [], 4, "other 4")


@pytest.mark.parametrize("kept", [1, 2, 3])
async def test_stream_entries_of_another_history_are_not_applied_whether_it_forked_before_or_at_the_position(
    source: ScriptedSource, recorder: Recorder, follower: ChangeFollower, kept: int
) -> None:
    for name in "abc":
        source.add(name)
    await follower.poll()
    source.restore(kept)
    for name in "xyz":
        source.add(name)
    assert await follower.read(ScriptedStream(source.log)) is (kept == 3)
    assert recorder.applied == (["x", "y", "z"] if kept == 3 else [])
    await follower.poll()
    assert (recorder.resets, follower.position) == (1 if kept == 3 else 2, source.last)


async def test_entries_without_a_mark_are_left_to_the_poll(
    source: ScriptedSource, recorder: Recorder, follower: ChangeFollower
) -> None:
    await follower.poll()
    source.add("a")
    unmarked = source.log[0].model_copy(update={"mark": None, "previous_mark": None})
    assert not await follower.read(ScriptedStream([unmarked]))
    await follower.poll()
    assert (recorder.resets, recorder.applied) == (1, ["a"])


async def test_exactly_one_change_that_is_missing_is_a_gap_also_where_no_marks_are_given(
    recorder: Recorder, clock: FakeClock
) -> None:
    class Unmarked(ScriptedSource):
        async def changes(self, after: int, *, mark: str | None = None, limit: int = 1000) -> ChangePage:
            return ChangePage(changes=(), last=0)

        async def snapshot(self) -> Snapshot:
            return Snapshot(as_of=0, stopped=())

    follower = ChangeFollower(Unmarked(), (recorder,), clock=clock)
    await follower.poll()
    first, third = (Change(seq=n, kind="company", id=str(n), status="suspended", at=0) for n in (1, 3))
    assert not await follower.read(ScriptedStream([first, third]))
    assert (follower.position, recorder.applied) == (1, ["1"])


async def test_registry_that_begins_to_give_marks_leads_to_one_snapshot_and_one_that_gives_none_is_followed(
    recorder: Recorder, clock: FakeClock
) -> None:
    class Unmarked(ScriptedSource):
        marks = False

        async def changes(self, after: int, *, mark: str | None = None, limit: int = 1000) -> ChangePage:
            page = await super().changes(after, mark=mark if self.marks else None, limit=limit)
            none = {"mark": None, "previous_mark": None}
            bare = tuple(change.model_copy(update=none) for change in page.changes)
            return page if self.marks else ChangePage(changes=bare, last=page.last, gap=page.gap)

        async def snapshot(self) -> Snapshot:
            snapshot = await super().snapshot()
            return snapshot if self.marks else Snapshot(as_of=snapshot.as_of, stopped=snapshot.stopped)

    source = Unmarked()
    follower = ChangeFollower(source, (recorder,), clock=clock)
    await follower.poll()
    source.add("a")
    await follower.poll()
    assert (recorder.resets, recorder.applied, follower.mark) == (1, ["a"], None)
    source.marks = True
    for name in "bc":
        source.add(name)
        await follower.poll()
    assert (recorder.resets, recorder.applied, follower.mark) == (2, ["a", "c"], "first 3")
    source.marks = False
    source.add("d")
    await follower.poll()
    assert (recorder.resets, recorder.applied, follower.mark) == (2, ["a", "c", "d"], None)


async def test_feed_that_always_has_a_gap_is_unavailable_and_not_polled_without_end(
    recorder: Recorder, clock: FakeClock
) -> None:
    class Torn(ScriptedSource):
        async def changes(self, after: int, *, mark: str | None = None, limit: int = 1000) -> ChangePage:
            return ChangePage(changes=(), last=self.last, gap=True)

    follower = ChangeFollower(Torn(), (recorder,), clock=clock)
    with pytest.raises(Unavailable):
        await follower.poll()
    assert not follower.fresh


async def test_follower_is_fresh_only_once_it_has_the_last_page(
    source: ScriptedSource, recorder: Recorder, clock: FakeClock
) -> None:
    class Paged(ScriptedSource):
        async def changes(self, after: int, *, mark: str | None = None, limit: int = 1000) -> ChangePage:
            fresh.append(follower.fresh)
            return await super().changes(after, mark=mark, limit=2)

    fresh: list[bool] = []
    paged = Paged()
    follower = ChangeFollower(paged, (recorder,), clock=clock, bound=5.0)
    await follower.poll()
    clock.advance(6)
    for name in "abcde":
        paged.add(name)
    fresh.clear()
    await follower.poll()
    assert (fresh, follower.fresh, follower.position) == ([False] * 3, True, 5)


async def test_freshness_counts_from_the_request_and_not_from_a_late_response(
    recorder: Recorder, clock: FakeClock
) -> None:
    class Late(ScriptedSource):
        async def changes(self, after: int, *, mark: str | None = None, limit: int = 1000) -> ChangePage:
            page = await super().changes(after, mark=mark, limit=limit)
            clock.advance(4.0)
            return page

    follower = ChangeFollower(Late(), (recorder,), clock=clock, bound=5.0)
    await follower.poll()
    assert follower.age == 4.0
    clock.advance(1.5)
    assert not follower.fresh


async def test_nothing_is_fresh_before_the_first_snapshot_nor_past_the_bound(
    source: ScriptedSource, follower: ChangeFollower, clock: FakeClock
) -> None:
    with pytest.raises(Unavailable):
        follower.require_fresh()
    await follower.poll()
    source.away = True
    clock.advance(5.0)
    with pytest.raises(Unavailable):
        await follower.poll()
    follower.require_fresh()
    clock.advance(0.1)
    with pytest.raises(Unavailable):
        follower.require_fresh()
    source.away = False
    await follower.poll()
    follower.require_fresh()


async def test_a_confirmation_is_of_a_poll_that_began_after_it_was_requested() -> None:
    source = ScriptedSource()
    follower = ChangeFollower(source, (), clock=FakeClock(), interval=0.01)
    await follower.poll()
    waiting = asyncio.create_task(follower.confirm())
    await asyncio.sleep(0)
    assert not waiting.done()
    await follower.poll()
    await waiting


async def test_what_cannot_be_confirmed_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follower_module, "CONFIRMATION_TIMEOUT_S", 0.01)
    source = ScriptedSource()
    follower = ChangeFollower(source, (), clock=FakeClock())
    await follower.poll()
    source.away = True
    with pytest.raises(Unavailable):
        await follower.confirm()


async def test_when_the_registry_was_restored_is_known_with_the_poll() -> None:
    source = ScriptedSource()
    follower = ChangeFollower(source, (), clock=FakeClock())
    await follower.poll()
    assert follower.restored_at is None
    source.restored_at = 7.0
    await follower.poll()
    assert follower.restored_at == 7.0
