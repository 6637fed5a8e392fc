"""The change feed, and the snapshot that a consumer starts from."""

from services.key_registry.catalog.lifecycle import MAX_TOKEN_LIFE_S
from services.key_registry.ports.changes import Changes
from shared.clock import Clock
from shared.contracts.key_registry import ChangePage
from shared.waiting.single_flight import SingleFlight

MAX_PAGE = 1000


class Feed:
    def __init__(self, changes: Changes, clock: Clock) -> None:
        self._changes = changes
        self._clock = clock
        self._reading = SingleFlight("snapshot", self._read)

    async def page(self, after: int, limit: int, mark: str | None = None) -> ChangePage:
        return await self._changes.page(after, min(limit, MAX_PAGE), mark)

    async def snapshot(self) -> bytes:
        """A `Snapshot` as JSON.

        Whoever requests one while another is being read gets that one: what changed since is in the feed after its
        position, and if the history changed since, the feed reports a gap.
        """
        return await self._reading.run()

    async def _read(self) -> bytes:
        return await self._changes.snapshot(self._clock.now() - MAX_TOKEN_LIFE_S)
