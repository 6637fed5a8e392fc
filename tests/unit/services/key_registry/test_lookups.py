"""Look-ups in flight share a query, and each sees what was there when it was requested or later."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from services.key_registry import lookups
from services.key_registry.lookups import Batcher
from shared.errors import Unavailable
from tests.support.waiting import BUSY_MACHINE_LIMIT_S


class Source:
    """Responds to each key with itself once `gate` is open."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.gate = asyncio.Event()
        self.error: Exception | None = None

    async def fetch(self, keys: Sequence[str]) -> Mapping[str, str]:
        self.batches.append(list(keys))
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        return {key: key for key in keys if key != "absent"}


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may stand still for longer than a caller waits."""
    monkeypatch.setattr(lookups, "LOOKUP_TIMEOUT_S", BUSY_MACHINE_LIMIT_S)


async def test_what_is_requested_during_a_query_becomes_one_next_query() -> None:
    source = Source()
    batcher = Batcher(source.fetch)
    first = asyncio.create_task(batcher.get("a"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    rest = [asyncio.create_task(batcher.get(key)) for key in ("a", "b", "c", "b", "absent")]
    await asyncio.sleep(0)
    source.gate.set()
    assert await first == "a"
    assert await asyncio.gather(*rest) == ["a", "b", "c", "b", None]
    assert source.batches == [["a"], ["a", "b", "c", "absent"]]


async def test_a_failure_reaches_all_who_wait_and_the_next_query_is_tried() -> None:
    source = Source()
    source.error = Unavailable("away")
    source.gate.set()
    batcher = Batcher(source.fetch)
    failures = await asyncio.gather(batcher.get("a"), batcher.get("b"), return_exceptions=True)
    assert all(isinstance(failure, Unavailable) for failure in failures)
    source.error = None
    assert await batcher.get("a") == "a"


async def test_one_who_leaves_takes_nothing_from_the_others() -> None:
    source = Source()
    batcher = Batcher(source.fetch)
    leaver, stayer = asyncio.create_task(batcher.get("a")), asyncio.create_task(batcher.get("a"))
    await asyncio.sleep(0)
    leaver.cancel()
    source.gate.set()
    assert await stayer == "a"


async def test_a_query_that_takes_too_long_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookups, "LOOKUP_TIMEOUT_S", 0.01)
    source = Source()
    with pytest.raises(Unavailable):
        await Batcher(source.fetch).get("a")
    source.gate.set()


async def test_what_waits_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookups, "MAX_WAITING", 2)
    source = Source()
    batcher = Batcher(source.fetch)
    tasks = [asyncio.create_task(batcher.get(str(n))) for n in range(3)]
    await asyncio.sleep(0)
    source.gate.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(r) for r in results] == [str, str, Unavailable]


async def test_a_large_crowd_is_split_into_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookups, "MAX_BATCH", 10)
    source = Source()
    source.gate.set()
    batcher = Batcher(source.fetch)
    await asyncio.gather(*(batcher.get(str(n)) for n in range(25)))
    assert [len(batch) for batch in source.batches] == [10, 10, 5]
