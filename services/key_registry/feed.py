"""The change feed, and the snapshot that a consumer starts from."""

from services.key_registry.lifecycle import LONGEST_TOKEN_LIFE
from services.key_registry.store import Changes
from shared.clock import Clock
from shared.contracts.key_registry import ChangePage, Snapshot

MAX_PAGE = 1000


class Feed:
    def __init__(self, changes: Changes, clock: Clock) -> None:
        self._changes = changes
        self._clock = clock

    async def page(self, after: int, limit: int) -> ChangePage:
        return await self._changes.page(after, min(limit, MAX_PAGE))

    async def snapshot(self) -> Snapshot:
        return await self._changes.snapshot(self._clock.now() - LONGEST_TOKEN_LIFE)
