"""Whoever writes a lot delays others by one of its writes at a time."""

import asyncio
from contextlib import suppress

import pytest

from services.key_registry.storage.turns import WriterTurns


class Writers:
    """Two at once, as in a registry; each writes until it is let go on."""

    def __init__(self) -> None:
        self.turns = WriterTurns(2)
        self.began: list[str] = []
        self.go_on = asyncio.Semaphore(0)

    def begin(self, caller: str) -> asyncio.Task[None]:
        return asyncio.create_task(self._write(caller))

    async def _write(self, caller: str) -> None:
        async with self.turns.turn(caller):
            self.began.append(caller)
            await self.go_on.acquire()

    async def let(self, count: int) -> None:
        for _ in range(count):
            self.go_on.release()
            await settled()


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_everybody_has_a_turn_before_anybody_has_a_second_one() -> None:
    writers = Writers()
    tasks = [writers.begin("editor") for _ in range(12)]
    await settled()
    tasks += [writers.begin(name) for name in ("owner", "owner", "")]
    await settled()
    assert writers.began == ["editor"] * 2
    await writers.let(4)
    assert writers.began[2:6] == ["editor", "owner", "", "editor"]
    await writers.let(11)
    await asyncio.gather(*tasks)
    assert writers.began.count("owner") == 2


@pytest.mark.parametrize("turn_came", [False, True])
async def test_who_gives_up_keeps_no_turn(turn_came: bool) -> None:
    writers = Writers()
    tasks = [writers.begin("a") for _ in range(2)]
    await settled()
    waiting = writers.begin("b")
    await settled()
    if turn_came:
        writers.go_on.release()
        while len(writers.turns._waiting):  # the first ends, and the turn is given
            await asyncio.sleep(0)
    waiting.cancel()
    with suppress(asyncio.CancelledError):
        await waiting
    after = [writers.begin("c") for _ in range(2)]
    await writers.let(4)
    await asyncio.wait_for(asyncio.gather(*tasks, *after), 5)
    assert writers.began.count("c") == 2


async def test_a_write_that_fails_gives_its_turn_back() -> None:
    turns = WriterTurns(1)
    with suppress(RuntimeError):
        async with turns.turn("a"):
            raise RuntimeError
    async with asyncio.timeout(5), turns.turn("a"):
        pass
