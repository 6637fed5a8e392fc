"""Look-ups of registry records, cached by digest or public id for as long as they stay true."""

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from shared.changes.dependent_cache import DependentCache
from shared.changes.follower import ChangeFollower
from shared.contracts.key_registry import Change, Record, Snapshot

K = TypeVar("K")
R = TypeVar("R", bound=Record)


class CachedLookup(Generic[K, R]):
    """Records found by `find`, kept until something that they depend on changes.

    Nothing is cached of what is absent: a credential works the moment it is created. Use it as a consumer of the
    follower that is then given to `attach`.
    """

    def __init__(self, find: Callable[[K], Awaitable[R | None]], *, size: int = 100_000) -> None:
        self._find = find
        self._cache: DependentCache[K, R] = DependentCache(size)
        self._follower: ChangeFollower | None = None

    def attach(self, follower: ChangeFollower) -> None:
        self._follower = follower

    def known(self, key: K) -> R | None:
        """The record as far as it is known without asking anybody."""
        follower = self._follower
        return self._cache.get(key) if follower is not None and follower.fresh else None

    async def get(self, key: K) -> R | None:
        """The record, or None when there is none. Raises `Unavailable` when it is neither known nor to be had."""
        return self.known(key) or await self.renewed(key)

    async def renewed(self, key: K) -> R | None:
        """The same, looked up whatever is known: for a caller who knows of something newer."""
        follower = self._follower
        record = await self._find(key)
        if record is None or follower is None:
            return record
        if record.as_of < follower.position:  # read before a change that is already applied here: read again
            record = await self._find(key)
        if record is not None and follower.is_current(record.as_of, record.mark):
            self._cache.put(key, record, record.depends_on)
        return record

    def reset(self, snapshot: Snapshot) -> None:
        self._cache.clear()

    def apply(self, change: Change) -> None:
        self._cache.drop(change.id)
        if change.kind == "booking" and change.company_id is not None:
            # No record names a booking that is new, but those of its company show all that this has booked.
            self._cache.drop(change.company_id)
