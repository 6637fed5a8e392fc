"""Turns of an event loop: taken by a test one after another, or counted as they pass."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class SteppedLoop:
    """A loop whose turns a test takes, and whose clock stands still."""

    def __init__(self) -> None:
        self.soon: list[Callable[[], None]] = []

    def time(self) -> float:
        return 0.0

    def call_soon(self, callback: Callable[[], None]) -> None:
        self.soon.append(callback)

    def turn(self) -> None:
        ready, self.soon = self.soon, []
        for callback in ready:
            callback()


class TurnCount:
    """Which turn the running loop is in."""

    def __init__(self) -> None:
        self.turn = 0
        self._loop = asyncio.get_running_loop()
        self._next = self._loop.call_soon(self._count)

    def stop(self) -> None:
        self._next.cancel()

    def _count(self) -> None:
        self.turn += 1
        self._next = self._loop.call_soon(self._count)


@contextmanager
def counted_turns() -> Iterator[TurnCount]:
    """The loop does not rest meanwhile."""
    count = TurnCount()
    try:
        yield count
    finally:
        count.stop()
