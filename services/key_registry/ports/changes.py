"""The change feed as it is read."""

from typing import Protocol

from shared.contracts.key_registry import (
    Change,
    ChangePage,
)


class Changes(Protocol):
    async def page(self, after: int, limit: int, mark: str | None = None) -> ChangePage:
        """What changed after a position. With a `mark`, a position that has another one, or none, is a gap."""
        ...

    async def find(self, position: int) -> Change | None: ...

    async def snapshot(self, since: float) -> bytes:
        """All that is suspended, and what was revoked later than `since`: a `Snapshot` as JSON, for it is large."""
        ...
