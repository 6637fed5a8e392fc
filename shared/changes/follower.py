"""Following the registry's changes: what a consumer knows stays true, or it is known not to be.

A consumer starts from a snapshot of what is stopped and then applies the changes in order, as they come over the
stream, and as the registry itself responds when it is polled. On a gap it takes a new snapshot. When no poll has
succeeded for `bound` seconds the follower is no longer `fresh`, and what was cached must not be used. A position of
another history than the registry's present one (a restore, a failover to a replica that lagged) is a gap too.
"""

import asyncio
import contextlib
from functools import partial
from math import isinf

import structlog

from shared.background_task import BackgroundTask, TaskOwner
from shared.changes.ports import PAGE_SIZE, ChangeSource, ChangeStream, Consumer
from shared.clock import Clock
from shared.contracts.key_registry import Change, ChangePage
from shared.errors import Unavailable

log = structlog.get_logger()

STREAM_RETRY_INTERVAL_S = 0.2
"""Between two reads of a stream that is unavailable, or does not continue what is applied."""
SNAPSHOT_CHECK_INTERVAL_S = 0.02
"""Between two checks whether the snapshot is there that the stream is to continue."""
SNAPSHOTS_PER_POLL = 2
CLOCK_STEP_S = 60.0
"""After a step of the wall clock by more, nothing counts or is applied before a new snapshot: by the wrong time
something may have been forgotten, and a machine that was suspended does not know for how long."""
STREAM_DISTRUST_S = 10.0
"""For how long a stream that left something out is not relied upon."""
CONFIRMATION_TIMEOUT_S = 0.6
"""Seconds that somebody waits for the registry to confirm what is known."""


class _Gap(Exception):
    """What comes next does not continue what is applied: another history, or changes are missing in between."""


class ChangeFollower(TaskOwner):
    """Hands each change to every consumer, once and in order.

    Polls `source` every `interval` seconds; with a `stream` that works, every `relaxed` seconds is enough, since
    a poll then only confirms what has come already. Where a poll brings what the stream has not, nobody may be
    writing to the stream, and it does not count as working for a while.
    """

    def __init__(
        self,
        source: ChangeSource,
        consumers: tuple[Consumer, ...],
        *,
        clock: Clock,
        stream: ChangeStream | None = None,
        interval: float = 0.25,
        relaxed: float = 0.5,
        bound: float = 5.0,
    ) -> None:
        self._source = source
        self._consumers = consumers
        self._clock = clock
        self._stream = stream
        self._interval = interval
        self._relaxed = relaxed
        self.bound = bound
        """Seconds after which what is cached no longer counts."""
        self._position: int | None = None
        self._mark: str | None = None
        self._wall_ahead_at_snapshot = 0.0
        self._seen_at = float("-inf")
        self._streaming = False
        self._distrusted_until = float("-inf")
        self._replacing = False
        self._was_fresh = True
        self.restored_at: float | None = None
        """When the registry last found that its database was set back, in seconds since the epoch; None: never."""
        self._polls_begun = 0
        self._last_confirmed_poll = 0
        self._confirmed = asyncio.Event()
        self._moved = asyncio.Event()
        self._poll_now = asyncio.Event()
        self.tasks = [BackgroundTask("change_poll", self._keep_polling)]
        if stream is not None:
            self.tasks.append(BackgroundTask("change_stream", partial(self._keep_reading, stream)))

    @property
    def position(self) -> int:
        """The last change applied; -1 before the first snapshot."""
        return -1 if self._position is None else self._position

    @property
    def mark(self) -> str | None:
        """The mark of the position, None where the registry gives none: positions of two histories differ in it."""
        return self._mark

    def is_current(self, as_of: int, mark: str | None) -> bool:
        """Whether what was read at a position lacks nothing that is applied here, and so may be cached.

        What was read later than the position here is not: only the mark of one's own position can be compared.
        """
        if mark is None or self._mark is None:
            return as_of >= self.position
        return (as_of, mark) == (self.position, self._mark)

    @property
    def age(self) -> float:
        """Seconds since the request by which the registry last confirmed the position; infinite before it did."""
        return self._clock.monotonic() - self._seen_at

    @property
    def streaming(self) -> bool:
        """Whether changes come over the stream now."""
        return self._streaming

    @property
    def fresh(self) -> bool:
        """Whether what is cached may be used."""
        return self.known_within(self.bound)

    def known_within(self, seconds: float) -> bool:
        """Whether what is stopped was known at most that long ago, and the clock was not set since."""
        if self._position is None or self._clock.monotonic() - self._seen_at > seconds:
            return False
        return not self._clock_was_set()

    def require_fresh(self) -> None:
        """Raises `Unavailable` when what is stopped is not known well enough to accept a credential."""
        if not self.fresh:
            raise Unavailable("revocations cannot be followed", detail=self._last_confirmed())

    async def check(self) -> None:
        """For health: raises `Unavailable` when not fresh."""
        if not self.fresh:
            raise Unavailable(f"revocations cannot be followed: {self._last_confirmed()}")

    def _last_confirmed(self) -> str:
        if isinf(self.age):
            return "the registry has not responded yet"
        if self._clock_was_set():
            return "the wall clock was set, and the registry has given no snapshot since"
        return f"the registry last responded {self.age:.1f} s ago, and {self.bound:g} s is the bound"

    async def confirm(self) -> None:
        """Returns once a poll has succeeded that began after this call. Raises `Unavailable` if none does."""
        first = self._polls_begun + 1
        self._poll_now.set()
        try:
            async with asyncio.timeout(CONFIRMATION_TIMEOUT_S):
                while self._last_confirmed_poll < first:
                    await self._confirmed.wait()
        except TimeoutError:
            raise Unavailable("revocations cannot be followed", detail=self._last_confirmed()) from None

    async def moved(self) -> int:
        """The position, once it is another than when this was last called, or `report_soon` was called since."""
        await self._moved.wait()
        self._moved.clear()
        return self.position

    def report_soon(self) -> None:
        """There is something to report beside the position."""
        self._moved.set()

    async def stop(self) -> None:
        await super().stop()
        if self._stream is not None:
            await self._stream.stop()

    async def poll(self) -> None:
        """Apply all that is new. Raises `Unavailable` when the source does not respond."""
        snapshots = 0
        self._polls_begun += 1
        number = self._polls_begun
        if self._position is None or self._clock_was_set():
            await self._restart()
        while True:
            requested_at, after = self._clock.monotonic(), self.position
            page = await self._source.changes(after, mark=self._mark, limit=PAGE_SIZE)
            try:
                applied = self._apply_page(page, after)
            except _Gap:
                if snapshots == SNAPSHOTS_PER_POLL:
                    raise Unavailable(detail="the change feed has a gap after a new snapshot") from None
                snapshots += 1
                await self._restart()
                continue
            if applied and self._streaming:
                self._distrusted_until = self._clock.monotonic() + STREAM_DISTRUST_S
            if self.position >= page.last:
                self._seen_at, self.restored_at = requested_at, page.restored_at
                self._last_confirmed_poll = max(self._last_confirmed_poll, number)
                confirmed, self._confirmed = self._confirmed, asyncio.Event()
                confirmed.set()
                return

    async def read(self, stream: ChangeStream) -> bool:
        """Apply what the stream has next. Raises `Unavailable`.

        False when that does not continue what is applied, be it that changes are missing or that it is of another
        history: a poll is requested.
        """
        for change in await stream.read(self.position):
            try:
                if self._position is None or self._replacing or self._clock_was_set():
                    raise _Gap
                self._apply(change)
            except _Gap:
                self._poll_now.set()
                return False
        return True

    async def _restart(self) -> None:
        # What is known goes on counting within the bound; nothing is applied to what is about to be replaced.
        self._replacing = True
        wall_ahead = self._wall_ahead()
        try:
            snapshot = await self._source.snapshot()
            for consumer in self._consumers:
                consumer.reset(snapshot)
            self._position, self._mark = snapshot.as_of, snapshot.mark
            self._wall_ahead_at_snapshot = wall_ahead
        finally:
            self._replacing = False
        self._moved.set()
        log.info("change_feed.snapshot_loaded", position=snapshot.as_of, stopped=len(snapshot.stopped))

    def _wall_ahead(self) -> float:
        return self._clock.now() - self._clock.monotonic()

    def _clock_was_set(self) -> bool:
        """Whether the wall clock was, by more than `CLOCK_STEP_S`, since the snapshot was read."""
        return abs(self._wall_ahead() - self._wall_ahead_at_snapshot) > CLOCK_STEP_S

    def _apply_page(self, page: ChangePage, after: int) -> int:
        """How many of its changes were new. Raises `_Gap`."""
        if page.gap or page.last < after or (self._mark is None and page.last_mark is not None):
            raise _Gap
        if page.last_mark is None:  # by a release that compares no marks: not known to be of the same history
            self._mark = None
        return sum(self._apply(change) for change in page.changes)

    def _apply(self, change: Change) -> bool:
        """Whether it is new. Raises `_Gap` when it does not continue what is applied."""
        if change.seq < self.position:
            return False
        if change.seq == self.position:
            if change.mark != self._mark:
                raise _Gap
            return False
        if change.seq != self.position + 1 or change.previous_mark != self._mark:
            raise _Gap
        for consumer in self._consumers:
            consumer.apply(change)
        self._position, self._mark = change.seq, change.mark
        self._moved.set()
        return True

    async def _keep_polling(self) -> None:
        while True:
            self._poll_now.clear()
            if not await self._polled():
                await asyncio.sleep(self._interval)
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._pause()):
                    await self._poll_now.wait()

    async def _polled(self) -> bool:
        try:
            await self.poll()
        except Unavailable as error:
            if self._was_fresh and not self.fresh:
                log.error("change_feed.stale", detail=error.detail)
        except Exception:
            log.exception("change_feed.failed")
        else:
            self._was_fresh = True
            return True
        self._was_fresh = self.fresh
        return False

    def _pause(self) -> float:
        trusted = self._streaming and self._clock.monotonic() >= self._distrusted_until
        return max(self._relaxed, self._interval) if trusted else self._interval

    async def _keep_reading(self, stream: ChangeStream) -> None:
        while True:
            if self._position is None or self._replacing:
                await asyncio.sleep(SNAPSHOT_CHECK_INTERVAL_S)
                continue
            try:
                complete = await self.read(stream)
            except Unavailable as error:
                if self._streaming:
                    log.warning("change_stream.unavailable", detail=error.detail)
                self._streaming = False
                await asyncio.sleep(STREAM_RETRY_INTERVAL_S)
            except Exception:
                log.exception("change_stream.failed")
                await asyncio.sleep(STREAM_RETRY_INTERVAL_S)
            else:
                self._streaming = True
                if not complete:
                    # The poll is to catch up first, or the relay is to clear what is of another history.
                    await asyncio.sleep(STREAM_RETRY_INTERVAL_S)
