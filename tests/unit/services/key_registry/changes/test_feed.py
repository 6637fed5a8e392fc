"""The snapshot: read once for all who request it at the same time."""

import asyncio

import pytest

from services.key_registry.catalog.lifecycle import MAX_TOKEN_LIFE_S
from services.key_registry.changes.feed import Feed
from shared.contracts.key_registry import parse_snapshot
from shared.errors import Unavailable
from tests.support.clock import FakeClock
from tests.support.doubles.key_registry import MemoryStore


class SlowChanges(MemoryStore):
    def __init__(self) -> None:
        super().__init__()
        self.requested: list[float] = []
        self.may_go_on = asyncio.Event()
        self.away = False

    async def snapshot(self, since: float) -> bytes:
        self.requested.append(since)
        await self.may_go_on.wait()
        if self.away:
            raise Unavailable
        return await super().snapshot(since)


async def test_all_who_request_it_at_once_get_one_snapshot_and_the_next_gets_a_new_one(clock: FakeClock) -> None:
    changes = SlowChanges()
    feed = Feed(changes, clock)
    requesting = [asyncio.create_task(feed.snapshot()) for _ in range(5)]
    await asyncio.sleep(0)
    requesting[0].cancel()
    await asyncio.sleep(0)
    changes.may_go_on.set()
    assert len({await task for task in requesting[1:]}) == 1
    assert changes.requested == [clock.now() - MAX_TOKEN_LIFE_S]
    await feed.snapshot()
    assert len(changes.requested) == 2


async def test_a_snapshot_that_failed_is_read_anew_by_the_next(clock: FakeClock) -> None:
    changes = SlowChanges()
    feed = Feed(changes, clock)
    changes.may_go_on.set()
    changes.away = True
    with pytest.raises(Unavailable):
        await feed.snapshot()
    changes.away = False
    assert parse_snapshot(await feed.snapshot()).as_of == 0


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"{}",
        b'{"as_of":1}',
        b'{"as_of":1,"stopped":[{"kind":"x","id":"y"}]}',
        b'{"stopped":[]}',
        b"null",
    ],
)
def test_what_is_no_snapshot_is_unavailable(raw: bytes) -> None:
    with pytest.raises(Unavailable):
        parse_snapshot(raw)
