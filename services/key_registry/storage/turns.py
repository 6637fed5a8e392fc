"""Whose turn it is to write, when more is to be written at once than can be."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar

from shared.waiting.turns import Turns

WRITERS_AT_ONCE = 2
"""Of one process: one that has the lock and one that waits for it, so that readers find a connection free."""
writing_for: ContextVar[str] = ContextVar("writing_for", default="")
"""For whom the present request may write: the operator's people and tokens one by one, those of a company together,
and as default all services."""


class WriterTurns:
    """At most `at_once` at a time. Of those who wait, everybody has a turn before anybody has a second one."""

    def __init__(self, at_once: int = WRITERS_AT_ONCE) -> None:
        self._free = at_once
        self._waiting: Turns[asyncio.Future[None]] = Turns()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Waits for as long as the caller lets it: to be used within a time-out."""
        await self._take()
        try:
            yield
        finally:
            self._give_back()

    async def _take(self) -> None:
        if self._free:
            self._free -= 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.add(writing_for.get(), turn)
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
