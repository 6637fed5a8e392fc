"""Whose turn it is when many want to write at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.waiting.turns import Turns

WRITERS_AT_ONCE = 2
"""Of one process: one that has the lock and one that waits for it, so that readers find a connection free."""


class WriterTurns:
    """At most `at_once` at a time. Of those who wait, everybody has a turn before anybody has a second one."""

    def __init__(self, at_once: int = WRITERS_AT_ONCE) -> None:
        self._free = at_once
        self._waiting: Turns[asyncio.Future[None]] = Turns()

    @asynccontextmanager
    async def turn(self, whose: str) -> AsyncIterator[None]:
        """Waits for as long as the caller lets it: to be used within a time-out."""
        await self._take(whose)
        try:
            yield
        finally:
            self._give_back()

    async def _take(self, whose: str) -> None:
        if self._free:
            self._free -= 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.add(whose, turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # it came, and nobody is there to use it
                self._give_back()
            raise

    def _give_back(self) -> None:
        while self._waiting:
            turn = self._waiting.take()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1
