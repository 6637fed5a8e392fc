"""On whose behalf is written: whose turn it is when many want to write at once, and whether they still may."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from services.key_registry.people.ports import PeopleReader
from shared.logging import request_id
from shared.waiting.turns import Turns

WRITERS_AT_ONCE = 2
"""Of one process: one that has the lock and one that waits for it, so that readers find a connection free."""


@dataclass(frozen=True, slots=True)
class OnBehalf:
    """Of whoever has sent a request that writes."""

    turn: str
    """The operator's people and tokens have one each, those of a company have one together."""
    confirm: Callable[[PeopleReader], Awaitable[None]]
    """Raises the error of `shared.errors` that says why the request may not write any more."""
    task: asyncio.Task[Any] | None
    request: str


_on_behalf: ContextVar[OnBehalf | None] = ContextVar("on_behalf", default=None)


def write_on_behalf(turn: str, confirm: Callable[[PeopleReader], Awaitable[None]]) -> None:
    """From now on the present request writes for `turn`, and each write is confirmed once it has the writer's lock.

    Who was stopped while a write waited for its turn has nothing written after that.
    """
    _on_behalf.set(OnBehalf(turn, confirm, asyncio.current_task(), request_id.get()))


async def require_still_permitted(reader: PeopleReader) -> None:
    """Raises what `confirm` does; nothing where no request is writing that somebody has sent."""
    if (found := _present()) is not None:
        await found.confirm(reader)


def _present() -> OnBehalf | None:
    """None in a task that the request began, and for what is done by services and in the background."""
    found = _on_behalf.get()
    if found is None or found.task is not asyncio.current_task() or found.request != request_id.get():
        return None
    return found


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
        found = _present()
        self._waiting.add("" if found is None else found.turn, turn)
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
