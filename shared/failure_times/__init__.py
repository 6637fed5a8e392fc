"""When something failed, for each subject of which many failures are to be slowed down."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

from shared.clock import Clock
from shared.errors import Unavailable

T = TypeVar("T")

STORE_RETRY_INTERVAL_S = 2.0
"""Seconds for which a store that was unavailable is left alone, so that requests do not wait for it one by one."""


class FailureTimes(Protocol):
    """Newest first, no more than `keep`, deleted a window after the last. All methods raise `Unavailable`."""

    async def times(self, subject: str, *, keep: int) -> Sequence[float]: ...

    async def add(self, subject: str, at: float, *, keep: int) -> Sequence[float]:
        """The times, `at` among them: one step, so that of concurrent calls each sees those before it."""
        ...

    async def add_if(self, subject: str, at: float, *, seen: Sequence[float], keep: int) -> bool:
        """Add it where the times are still those that `times` gave, in one step. Whether it was added."""
        ...

    async def take_back(self, subject: str, at: float) -> None:
        """Delete one that was added at that time: it was no failure."""
        ...

    async def forget(self, subject: str) -> None: ...


class OwnTimesMeanwhile:
    """A store that all copies share; while it is unavailable, each copy counts for itself."""

    def __init__(self, store: FailureTimes, own: FailureTimes, clock: Clock) -> None:
        self._store = store
        self._own = own
        self._clock = clock
        self._store_retry_at = float("-inf")

    async def times(self, subject: str, *, keep: int) -> Sequence[float]:
        times = await self._from_store(lambda: self._store.times(subject, keep=keep))
        return await self._own.times(subject, keep=keep) if times is None else times

    async def add(self, subject: str, at: float, *, keep: int) -> Sequence[float]:
        own = await self._own.add(subject, at, keep=keep)
        times = await self._from_store(lambda: self._store.add(subject, at, keep=keep))
        return own if times is None else times

    async def add_if(self, subject: str, at: float, *, seen: Sequence[float], keep: int) -> bool:
        added = await self._from_store(lambda: self._store.add_if(subject, at, seen=seen, keep=keep))
        if added is None:
            return await self._own.add_if(subject, at, seen=seen, keep=keep)
        if added:
            await self._own.add(subject, at, keep=keep)
        return added

    async def take_back(self, subject: str, at: float) -> None:
        await self._own.take_back(subject, at)
        await self._from_store(lambda: self._store.take_back(subject, at))

    async def forget(self, subject: str) -> None:
        await self._own.forget(subject)
        await self._from_store(lambda: self._store.forget(subject))

    async def _from_store(self, call: Callable[[], Awaitable[T]]) -> T | None:
        if self._clock.monotonic() < self._store_retry_at:
            return None
        try:
            return await call()
        except Unavailable:
            self._store_retry_at = self._clock.monotonic() + STORE_RETRY_INTERVAL_S
            return None
