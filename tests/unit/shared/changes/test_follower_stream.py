"""Following changes that come over the stream, and what only a poll can say."""

import asyncio
import contextlib

import pytest

from shared.changes.follower import ChangeFollower
from shared.contracts.key_registry import Change, ChangePage, Snapshot
from shared.errors import Unavailable
from tests.support.clock import FakeClock
from tests.support.doubles.changes import Recorder, ScriptedSource, ScriptedStream
from tests.support.waiting import BUSY_MACHINE_LIMIT_S, until


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
