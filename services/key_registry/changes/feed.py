"""The change feed, and the snapshot that a consumer starts from."""

import asyncio

from services.key_registry.catalog.lifecycle import LONGEST_TOKEN_LIFE
from services.key_registry.storage.ports import Changes
from shared.clock import Clock
from shared.contracts.key_registry import ChangePage

MAX_PAGE = 1000


class Feed:
    def __init__(self, changes: Changes, clock: Clock) -> None:
        self._changes = changes
        self._clock = clock
        self._reading: asyncio.Task[bytes] | None = None

    async def page(self, after: int, limit: int) -> ChangePage:
        return await self._changes.page(after, min(limit, MAX_PAGE))

    async def snapshot(self) -> bytes:
        """A `Snapshot` as JSON.

        Whoever asks while one is being read gets that one: what changed since is in the feed after its position.
        """
        if self._reading is None:
            self._reading = asyncio.create_task(self._read(), name="snapshot")
            self._reading.add_done_callback(_seen)
        return await asyncio.shield(self._reading)

    async def _read(self) -> bytes:
        try:
            return await self._changes.snapshot(self._clock.now() - LONGEST_TOKEN_LIFE)
        finally:
            self._reading = None


def _seen(task: "asyncio.Task[bytes]") -> None:
    """All who asked may be gone: then nobody else takes the exception."""
    if not task.cancelled():
        task.exception()
