"""Following changes, over a source that the test scripts."""

import asyncio
import contextlib

import pytest

from shared.changes import follower as follower_module
from shared.changes.cached_lookup import CachedLookup
from shared.changes.follower import ChangeFollower
from shared.contracts.key_registry import ORIGIN_MARK, Change, ChangePage, Company, KeyPair, Snapshot, Stopped
from shared.errors import Unavailable
from tests.support.clock import FakeClock
from tests.support.waiting import BUSY_MACHINE_LIMIT_S, until


class ScriptedSource:
    """A registry's feed: a log of changes, which can be pruned, be away, and go on with another history."""

    def __init__(self) -> None:
        self.history = "first"
        self.log: list[Change] = []
        self.stopped: list[Stopped] = []
        self.pruned_to = 0
        self.away = False
        self.restored_at: float | None = None

    def add(self, id_: str) -> None:
        self.log.append(self.next(id_))

    def next(self, id_: str) -> Change:
        seq = self.last + 1
        mark = f"{self.history} {seq}"
        return Change(
            seq=seq, mark=mark, previous_mark=self.last_mark, kind="company", id=id_, status="suspended", at=0
        )

    def restore(self, position: int) -> None:
        """Lose all that came after a position: what comes next is of another history."""
        self.history = "other"
        del self.log[position:]

    @property
    def last(self) -> int:
        return self.log[-1].seq if self.log else 0

    @property
    def last_mark(self) -> str | None:
        return self.log[-1].mark if self.log else ORIGIN_MARK

    async def changes(self, after: int, *, mark: str | None = None, limit: int = 1000) -> ChangePage:
        if self.away:
            raise Unavailable
        found = tuple(c for c in self.log if c.seq > after)[:limit]
        marks = {0: ORIGIN_MARK, **{change.seq: change.mark for change in self.log}}
        gap = after < self.pruned_to or (mark is not None and mark != marks.get(after))
        found, restored_at = () if gap else found, self.restored_at
        return ChangePage(changes=found, last=self.last, last_mark=self.last_mark, gap=gap, restored_at=restored_at)

    async def snapshot(self) -> Snapshot:
        if self.away:
            raise Unavailable
        return Snapshot(as_of=self.last, mark=self.last_mark, stopped=tuple(self.stopped))


class ScriptedStream:
    """Gives what it is told to, a list at a time."""

    def __init__(self, *batches: list[Change]) -> None:
        self.batches = list(batches)

    async def read(self, after: int) -> list[Change]:
        if not self.batches:
            raise Unavailable
        return [c for c in self.batches.pop(0) if c.seq > after]

    async def stop(self) -> None: ...


class Recorder:
    def __init__(self) -> None:
        self.resets = 0
        self.applied: list[str] = []

    def reset(self, snapshot: Snapshot) -> None:
        self.resets += 1

    def apply(self, change: Change) -> None:
        self.applied.append(change.id)


@pytest.fixture
def source() -> ScriptedSource:
    return ScriptedSource()


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def follower(source: ScriptedSource, recorder: Recorder, clock: FakeClock) -> ChangeFollower:
    return ChangeFollower(source, (recorder,), clock=clock, bound=5.0)


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


async def test_change_from_the_stream_is_applied_before_any_poll_and_only_once(
    source: ScriptedSource, recorder: Recorder, follower: ChangeFollower
) -> None:
    await follower.poll()
    source.add("a")
    source.add("b")
    await follower.read(ScriptedStream(source.log))
    assert (recorder.applied, follower.position) == (["a", "b"], 2)
    await follower.poll()
    await follower.read(ScriptedStream(source.log))
    assert recorder.applied == ["a", "b"]


async def test_change_that_the_stream_left_out_comes_with_the_poll_and_in_order(
    source: ScriptedSource, recorder: Recorder, follower: ChangeFollower
) -> None:
    await follower.poll()
    for name in "abc":
        source.add(name)
    await follower.read(ScriptedStream([source.log[0], source.log[2]]))
    assert recorder.applied == ["a"]
    await follower.poll()
    assert recorder.applied == ["a", "b", "c"]


async def test_stream_alone_does_not_make_a_follower_fresh(
    source: ScriptedSource, follower: ChangeFollower, clock: FakeClock
) -> None:
    source.add("a")
    await follower.read(ScriptedStream(source.log))
    assert follower.position == -1
    await follower.poll()
    clock.advance(6)
    source.add("b")
    await follower.read(ScriptedStream(source.log))
    with pytest.raises(Unavailable):
        follower.require_fresh()


async def test_poll_that_the_stream_overtakes_is_no_reason_to_start_again(
    source: ScriptedSource, recorder: Recorder, clock: FakeClock
) -> None:
    class Overtaken(ScriptedSource):
        async def changes(self, after: int, *, mark: str | None = None, limit: int = 1000) -> ChangePage:
            page = await super().changes(after, mark=mark, limit=limit)
            if stream.batches:
                await follower.read(stream)
            return page

    overtaken = Overtaken()
    stream = ScriptedStream([overtaken.next("a")])
    follower = ChangeFollower(overtaken, (recorder,), clock=clock)
    await follower.poll()
    assert (recorder.resets, recorder.applied) == (1, ["a"])


async def test_what_is_known_counts_while_a_new_snapshot_is_on_its_way_and_the_stream_waits_for_it(
    recorder: Recorder, clock: FakeClock
) -> None:
    class Slow(ScriptedSource):
        async def snapshot(self) -> Snapshot:
            if recorder.resets:
                seen.append(follower.fresh)
                await follower.read(ScriptedStream([source.log[1]]))
            return await super().snapshot()

    seen: list[bool] = []
    source = Slow()
    source.add("c1")
    follower = ChangeFollower(source, (recorder,), clock=clock)
    await follower.poll()
    source.add("c2")
    source.pruned_to = 2
    await follower.poll()
    assert seen == [True]
    assert (recorder.resets, recorder.applied, follower.position) == (2, [], 2)


async def test_stream_that_nobody_writes_to_does_not_slow_the_polling_down(clock: FakeClock) -> None:
    class Silent:
        async def read(self, after: int) -> list[Change]:
            await asyncio.sleep(0.001)
            return []

        async def stop(self) -> None: ...

    source, recorder, relaxed = ScriptedSource(), Recorder(), 1.0
    follower = ChangeFollower(source, (recorder,), clock=clock, stream=Silent(), interval=0.01, relaxed=relaxed)
    await follower.start()
    await until(lambda: follower.streaming)
    # Only the first may wait for a poll that was put off: twice as many as could wait so are found in this time.
    async with asyncio.timeout(BUSY_MACHINE_LIMIT_S):
        for number in range(2 * int(BUSY_MACHINE_LIMIT_S / relaxed)):
            source.add(f"c{number}")
            while recorder.applied[-1:] != [f"c{number}"]:
                await asyncio.sleep(0.001)
    await follower.stop()


async def test_follower_stops_also_where_a_read_swallows_its_cancellation(clock: FakeClock) -> None:
    class Deaf:
        reading = False

        async def read(self, after: int) -> list[Change]:
            self.reading = True
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
            await asyncio.Event().wait()
            return []

        async def stop(self) -> None: ...

    stream = Deaf()
    follower = ChangeFollower(ScriptedSource(), (), clock=clock, stream=stream)
    await follower.start()
    await until(lambda: stream.reading)
    async with asyncio.timeout(BUSY_MACHINE_LIMIT_S):
        await follower.stop()


def key_pair(as_of: int, status: str = "active") -> KeyPair:
    company = Company(id="company", client_prefix="c", company_uri="https://c", status="active")
    return KeyPair.model_validate(
        {
            "as_of": as_of,
            "id": "pair",
            "status": status,
            "company": company,
            "kid": "kp",
            "algorithm": "ES256",
            "public_key": {},
            "scopes": [],
        }
    )


class Pairs:
    """Finds what it is told to, and counts."""

    def __init__(self, *records: KeyPair | None) -> None:
        self.records = list(records)
        self.calls = 0

    async def find(self, _: str) -> KeyPair | None:
        self.calls += 1
        return self.records.pop(0) if len(self.records) > 1 else self.records[0]


async def test_record_is_looked_up_once_until_something_it_depends_on_changes(
    source: ScriptedSource, clock: FakeClock
) -> None:
    pairs = Pairs(key_pair(0), key_pair(1, "suspended"))
    lookup: CachedLookup[str, KeyPair] = CachedLookup(pairs.find)
    follower = ChangeFollower(source, (lookup,), clock=clock)
    lookup.attach(follower)
    await follower.poll()
    for _ in range(3):
        assert (await lookup.get("kp")) == key_pair(0)
    assert pairs.calls == 1
    source.add("company")
    await follower.poll()
    found = await lookup.get("kp")
    assert found is not None
    assert found.status == "suspended"


async def test_record_read_before_an_applied_change_is_not_cached(source: ScriptedSource, clock: FakeClock) -> None:
    pairs = Pairs(key_pair(0), key_pair(0), key_pair(1))
    lookup: CachedLookup[str, KeyPair] = CachedLookup(pairs.find)
    source.add("elsewhere")
    follower = ChangeFollower(source, (lookup,), clock=clock)
    lookup.attach(follower)
    await follower.poll()
    await lookup.get("kp")
    assert pairs.calls == 2
    await lookup.get("kp")
    assert pairs.calls == 3
    await lookup.get("kp")
    assert pairs.calls == 3


async def test_cached_record_is_not_used_when_the_feed_is_stale(source: ScriptedSource, clock: FakeClock) -> None:
    pairs = Pairs(key_pair(0))
    lookup: CachedLookup[str, KeyPair] = CachedLookup(pairs.find)
    follower = ChangeFollower(source, (lookup,), clock=clock, bound=5.0)
    lookup.attach(follower)
    await follower.poll()
    await lookup.get("kp")
    clock.advance(6)
    await lookup.get("kp")
    assert pairs.calls == 2


async def test_no_more_records_are_kept_than_there_is_room_for(source: ScriptedSource, clock: FakeClock) -> None:
    pairs = Pairs(key_pair(0))
    lookup: CachedLookup[str, KeyPair] = CachedLookup(pairs.find, size=2)
    follower = ChangeFollower(source, (lookup,), clock=clock)
    lookup.attach(follower)
    await follower.poll()
    for kid in ("a", "b", "c", "b", "c"):
        await lookup.get(kid)
    assert pairs.calls == 3
    await lookup.get("a")
    assert pairs.calls == 4


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
