"""The relay, over a feed in memory and a stream that the test looks into."""

import asyncio
from collections.abc import Sequence

import pytest

from services.key_registry.changes.relay import Relay
from shared.contracts.key_registry import Change
from shared.errors import Unavailable
from tests.support.doubles.key_registry import MemoryStore


class ScriptedStream:
    """Refuses positions that are not above the last, as the server does."""

    def __init__(self) -> None:
        self.entries: list[Change] = []
        self.top = -1
        self.away = False
        self.grew = asyncio.Event()

    @property
    def positions(self) -> list[int]:
        return [change.seq for change in self.entries]

    async def last(self) -> Change | None:
        if self.away:
            raise Unavailable
        return self.entries[-1] if self.entries else None

    async def append(self, changes: Sequence[Change]) -> None:
        if self.away:
            raise Unavailable
        for change in changes:
            if change.seq > self.top:
                self.entries.append(change)
                self.top = change.seq
        self.grew.set()

    async def clear(self) -> None:
        self.entries, self.top = [], -1


async def add(store: MemoryStore, *ids: str) -> None:
    async with store.writing(by=None) as writer:
        for id_ in ids:
            await writer.append_change("company", id_, "suspended", 1.0, None, id_)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def stream() -> ScriptedStream:
    return ScriptedStream()


@pytest.fixture
def relay(store: MemoryStore, stream: ScriptedStream) -> Relay:
    return Relay(store, stream)


async def test_an_empty_stream_starts_from_the_newest_change(
    store: MemoryStore, stream: ScriptedStream, relay: Relay
) -> None:
    await add(store, "a", "b")
    await relay.copy()
    await add(store, "c", "d")
    await relay.copy()
    assert stream.positions == [3, 4]
    assert stream.entries[0].company_id == "c"


async def test_a_feed_without_any_change_is_relayed_from_its_first(
    store: MemoryStore, stream: ScriptedStream, relay: Relay
) -> None:
    await relay.copy()
    await add(store, "a")
    await relay.copy()
    assert stream.positions == [1]


async def test_a_relay_goes_on_where_another_one_ended(
    store: MemoryStore, stream: ScriptedStream, relay: Relay
) -> None:
    await relay.copy()
    await add(store, "a", "b")
    await relay.copy()
    await add(store, "c")
    await Relay(store, stream).copy()
    assert stream.positions == [1, 2, 3]


async def test_two_relays_at_once_leave_each_change_once_and_in_order(
    store: MemoryStore, stream: ScriptedStream, relay: Relay
) -> None:
    other = Relay(store, stream)
    await asyncio.gather(relay.copy(), other.copy())
    for n in range(20):
        await add(store, f"a{n}", f"b{n}")
        await asyncio.gather(relay.copy(), other.copy())
    assert stream.positions == list(range(1, 41))


async def test_what_happened_while_the_stream_was_away_is_relayed_also_when_it_comes_back_empty(
    store: MemoryStore, stream: ScriptedStream, relay: Relay
) -> None:
    await relay.copy()
    await add(store, "a")
    await relay.copy()
    await stream.clear()
    stream.away = True
    await add(store, "b", "c")
    with pytest.raises(Unavailable):
        await relay.copy()
    stream.away = False
    await relay.copy()
    assert stream.positions == [2, 3]


async def test_a_stream_that_is_ahead_of_the_registry_is_cleared(
    store: MemoryStore, stream: ScriptedStream, relay: Relay
) -> None:
    await relay.copy()
    await add(store, "a", "b", "c")
    await relay.copy()
    restored = MemoryStore()
    await add(restored, "a")
    other = Relay(restored, stream)
    await other.copy()
    assert stream.positions == []
    await add(restored, "x")
    await other.copy()
    assert [(c.seq, c.id) for c in stream.entries] == [(2, "x")]


async def test_a_registry_that_was_set_back_under_a_running_relay_clears_the_stream(
    store: MemoryStore, stream: ScriptedStream, relay: Relay
) -> None:
    await relay.copy()
    await add(store, "a", "b")
    await relay.copy()
    del store.tables.changes[1:]
    await relay.copy()
    assert stream.positions == []
    await add(store, "c")
    await relay.copy()
    assert stream.positions == [2]


async def test_the_lag_is_reported_while_the_stream_is_away(
    store: MemoryStore, stream: ScriptedStream, relay: Relay
) -> None:
    await relay.run_once()
    assert (relay.up, relay.lag) == (True, 0)
    stream.away = True
    await add(store, "a", "b")
    await relay.run_once()
    assert (relay.up, relay.lag) == (False, 2)
    stream.away = False
    await relay.run_once()
    assert (relay.up, relay.lag) == (True, 0)


async def test_a_commit_is_relayed_at_once_and_not_at_the_next_look(
    store: MemoryStore, stream: ScriptedStream, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.key_registry.changes.relay.RELAY_INTERVAL_S", 3600)
    await relay.start()
    await asyncio.sleep(0.01)
    await add(store, "a")
    relay.wake()
    await asyncio.wait_for(stream.grew.wait(), 1)
    await relay.stop()
    assert stream.positions == [1]


async def test_the_relay_goes_on_after_any_failure(
    store: MemoryStore, stream: ScriptedStream, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.key_registry.changes.relay.RELAY_INTERVAL_S", 0.001)
    monkeypatch.setattr(stream, "last", lambda: 1 / 0)
    await relay.start()
    await asyncio.sleep(0.01)
    assert not relay.up
    monkeypatch.undo()
    await add(store, "a")
    stream.entries = [Change(seq=0, kind="company", id="x", status="active", at=0)]
    relay.wake()
    await asyncio.wait_for(stream.grew.wait(), 1)
    await relay.stop()
