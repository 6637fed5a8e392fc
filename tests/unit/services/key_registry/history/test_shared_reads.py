"""What several need at the same time is read once, and each has it."""

import asyncio

import pytest

from services.key_registry.history.shared_reads import SharedReads


class Store:
    def __init__(self) -> None:
        self.reads: list[int] = []
        self.responds = asyncio.Event()

    async def read(self, number: int) -> int:
        self.reads.append(number)
        await self.responds.wait()
        if number < 0:
            raise ValueError(number)
        return number * 2


async def test_the_same_is_read_once_and_something_else_by_itself() -> None:
    store, reads = Store(), SharedReads()
    store.responds.set()
    assert await asyncio.gather(*(reads.once(store.read, n) for n in (1, 2, 1))) == [2, 4, 2]
    assert await reads.once(store.read, 1) == 2
    assert store.reads == [1, 2]


async def test_what_a_read_raises_reaches_each() -> None:
    store, reads = Store(), SharedReads()
    store.responds.set()
    for _ in range(2):
        with pytest.raises(ValueError, match="-1"):
            await reads.once(store.read, -1)
    assert store.reads == [-1]


async def test_one_who_leaves_takes_the_read_from_nobody() -> None:
    store, reads = Store(), SharedReads()
    first, second = (asyncio.create_task(reads.once(store.read, 3)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait([first])
    store.responds.set()
    assert await second == 6
