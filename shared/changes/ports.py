"""What following the changes needs of the registry and of the stream, and what is kept true by them."""

from collections.abc import Sequence
from typing import Protocol

from shared.contracts.key_registry import Change, ChangePage, Snapshot

PAGE_SIZE = 1000
"""Changes that a page of the feed has at most."""


class ChangeSource(Protocol):
    async def changes(self, after: int, *, mark: str | None = None, limit: int = PAGE_SIZE) -> ChangePage: ...

    async def snapshot(self) -> Snapshot: ...


class ChangeStream(Protocol):
    """Changes as they happen. May miss some: positions have no gaps, so a follower notices."""

    async def read(self, after: int) -> Sequence[Change]:
        """Waits a while for the first change after a position. Raises `Unavailable`."""
        ...

    async def stop(self) -> None: ...


class Consumer(Protocol):
    """What is kept true. Both methods are quick and never wait."""

    def reset(self, snapshot: Snapshot) -> None:
        """Forget everything cached; `snapshot` is what is stopped now."""
        ...

    def apply(self, change: Change) -> None:
        """Drop or update what depends on the object that changed. May come twice."""
        ...
