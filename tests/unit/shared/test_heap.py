"""What is there when a gateway begins to serve is not looked through by the garbage collector any more."""

import gc
from collections.abc import Iterator

import pytest

from shared.heap import YOUNG_OBJECTS, FrozenHeap


@pytest.fixture(autouse=True)
def collector_of_the_tests() -> Iterator[None]:
    threshold = gc.get_threshold()
    yield
    gc.set_threshold(*threshold)
    gc.unfreeze()


async def test_what_lives_at_the_start_is_frozen_and_what_comes_later_is_collected_more_seldom() -> None:
    kept = [[] for _ in range(10)]  # type: ignore[var-annotated]
    heap = FrozenHeap()
    await heap.start()
    later: list[object] = []
    assert gc.get_freeze_count() > 0
    assert not any(found is kept for found in gc.get_objects())
    assert any(found is later for found in gc.get_objects())
    assert gc.get_threshold()[0] == YOUNG_OBJECTS
    await heap.stop()
