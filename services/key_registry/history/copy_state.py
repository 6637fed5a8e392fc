"""How far one copy of the history is, and whether a write waits for it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import structlog

from services.key_registry.history.ports import HistoryCopy
from services.key_registry.history.records import Position
from shared.errors import Unavailable
from shared.waiting.single_flight import SingleFlight

log = structlog.get_logger()


class CopyState:
    """How far one copy is."""

    def __init__(self, copy: HistoryCopy, update: Callable[["CopyState"], Awaitable[None]], now: float) -> None:
        """`update` brings it up to date."""
        self.copy = copy
        self.update = SingleFlight("history_copy", lambda: update(self))
        self.compacted_at = now
        self.reached: Position | None = None
        """None: not known yet."""
        self.up: bool | None = None
        """Whether the last attempt to bring it up to date succeeded; None before the first."""
        self.responds = True
        """False since the copy itself failed. Only then does no write wait for it: that the database failed, and so
        the copy is not up, is no reason to leave out what is written next."""
        self.head_written_at = float("-inf")

    def lacks(self, seq: int) -> bool:
        """Whether a write at this position is to wait for it."""
        return self.responds and (self.reached is None or self.reached.seq < seq)

    @asynccontextmanager
    async def used_within(self, seconds: float) -> AsyncIterator[None]:
        """For what needs the copy and not the database. Raises `Unavailable`, and `TimeoutError`."""
        try:
            async with asyncio.timeout(seconds):
                yield
        except (Unavailable, TimeoutError):
            self.responds = False
            raise
        self.responds = True

    def set_up(self, *, up: bool, detail: str = "") -> None:
        if self.up is not up:
            if up:
                log.info("history_copy.up", copy=self.copy.name)
            else:
                log.warning("history_copy.unavailable", copy=self.copy.name, detail=detail)
        self.up = up
