"""Following the registry's changes: what a consumer knows stays true, or it is known not to be.

A consumer starts from a snapshot of what is stopped and then applies the changes in order. On a gap it takes a new
snapshot. When no poll has succeeded for `bound` seconds the follower is no longer `fresh`, and what was cached
must not be answered from.
"""

import asyncio
import contextlib
from typing import Protocol

import structlog

from shared.clock import Clock
from shared.contracts.key_registry import Change, ChangePage, Snapshot
from shared.errors import Unavailable

log = structlog.get_logger()

PAGE = 1000


class ChangeSource(Protocol):
    async def changes(self, after: int, *, limit: int = PAGE) -> ChangePage: ...

    async def snapshot(self) -> Snapshot: ...


class Consumer(Protocol):
    """What is kept true. Both methods are quick and never wait."""

    def reset(self, snapshot: Snapshot) -> None:
        """Forget everything cached; `snapshot` is what is stopped now."""
        ...

    def apply(self, change: Change) -> None:
        """Drop or update what hangs on the object that changed. May come twice."""
        ...


class ChangeFollower:
    """Polls `source` every `interval` seconds and hands each change to every consumer, once and in order."""

    def __init__(
        self,
        source: ChangeSource,
        consumers: tuple[Consumer, ...],
        *,
        clock: Clock,
        interval: float = 0.25,
        bound: float = 5.0,
    ) -> None:
        self._source = source
        self._consumers = consumers
        self._clock = clock
        self._interval = interval
        self._bound = bound
        self._position: int | None = None
        self._seen_at = float("-inf")
        self._task: asyncio.Task[None] | None = None

    @property
    def position(self) -> int:
        """The last change applied; -1 before the first snapshot."""
        return -1 if self._position is None else self._position

    @property
    def age(self) -> float:
        """Seconds since the registry last confirmed the position."""
        return self._clock.monotonic() - self._seen_at

    @property
    def fresh(self) -> bool:
        """Whether what is cached may be answered from."""
        return self._position is not None and self.age <= self._bound

    def require_fresh(self) -> None:
        """Raises `Unavailable` when what is stopped is not known well enough to say yes."""
        if not self.fresh:
            raise Unavailable("revocations cannot be followed", detail=f"last heard {self.age:.1f} s ago")

    async def check(self) -> None:
        """For health: raises `Unavailable` when not fresh."""
        self.require_fresh()

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="change follower")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def poll(self) -> None:
        """Apply all that is new. Raises `Unavailable` when the source cannot be asked."""
        if self._position is None:
            await self._restart()
        while True:
            asked_at = self._clock.monotonic()
            page = await self._source.changes(self.position, limit=PAGE)
            if page.gap or page.last < self.position:
                await self._restart()
                continue
            for change in page.changes:
                self._apply(change)
            if not page.changes or self.position >= page.last:
                self._seen_at = asked_at
                return

    async def _restart(self) -> None:
        snapshot = await self._source.snapshot()
        for consumer in self._consumers:
            consumer.reset(snapshot)
        self._position = snapshot.as_of
        log.info("snapshot loaded", position=snapshot.as_of, stopped=len(snapshot.stopped))

    def _apply(self, change: Change) -> None:
        if self._position is not None and change.seq <= self._position:
            return
        for consumer in self._consumers:
            consumer.apply(change)
        self._position = change.seq

    async def _run(self) -> None:
        was_fresh = True
        while True:
            try:
                await self.poll()
            except Unavailable as error:
                if was_fresh and not self.fresh:
                    log.error("changes cannot be followed; cached answers are off", detail=error.detail)
            except Exception:
                log.exception("following changes failed")
            was_fresh = self.fresh
            await asyncio.sleep(self._interval)
