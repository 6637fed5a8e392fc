"""Background tasks: each is owned from its start to its stop, and one that ends before that is started again."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Protocol, runtime_checkable

import structlog

from shared.errors import Unavailable

log = structlog.get_logger()

FIRST_RESTART_S = 0.1
MAX_RESTART_S = 5.0
"""Seconds before a task that has ended is started again: doubled each time, up to the bound."""
STEADY_AFTER_S = 10.0
"""Seconds of a run after which the unexpected ends before it no longer count."""
REPEATED_ENDS = 3
"""Unexpected ends without a steady run between them, from which on a task counts as failing also while it runs."""
REPEATED_FAILURES = 3
"""Rounds of a periodic task that fail one after the other before health names it."""
CANCEL_INTERVAL_S = 0.1
MAX_CANCELS = 50
"""How often a task is cancelled at most when it is stopped, and the seconds between two attempts."""


class BackgroundTask:
    """Runs `work` from `start` to `stop`.

    Whatever ends it before (an exception, a cancellation, a plain return), it is started again after a back-off,
    which is logged and counted. With `once`, a plain return is the end.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[], Awaitable[object]],
        *,
        once: bool = False,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self.restarts = 0
        """How often it has ended unexpectedly."""
        self._work = work
        self._once = once
        self._monotonic = monotonic
        self._task: asyncio.Task[None] | None = None
        self._restart: asyncio.TimerHandle | None = None
        self._started_at = 0.0
        self._failures = 0
        """Unexpected ends without a steady run between them."""
        self._failing_since = 0.0
        """When the first of these was."""
        self._ended_at = 0.0
        """When the last of these was."""
        self._completed = False

    @property
    def running(self) -> bool:
        """Whether it runs, or has reached the end that it was to have."""
        return self._completed or (self._task is not None and not self._task.done())

    @property
    def failing_for(self) -> float:
        """Seconds for which it has not run; 0 while it runs.

        From `REPEATED_ENDS` on, seconds since the first of these ends, until it has run steadily again.
        """
        if self._completed or not self._failures:
            return 0.0
        now = self._monotonic()
        if self.running and (self._failures < REPEATED_ENDS or now - self._started_at >= STEADY_AFTER_S):
            return 0.0
        return max(0.0, now - (self._failing_since if self._failures >= REPEATED_ENDS else self._ended_at))

    @property
    def tasks(self) -> Sequence["BackgroundTask"]:
        return (self,)

    async def start(self) -> None:
        self._spawn()

    async def stop(self) -> None:
        """Cancel it and wait for its end; nothing starts it again."""
        task, self._task = self._task, None
        if self._restart is not None:
            self._restart.cancel()
            self._restart = None
        if task is None:
            return
        for _ in range(MAX_CANCELS):
            if task.done():
                return
            # Again if need be: up to Python 3.11 a `wait_for` that ends just then swallows the cancellation.
            task.cancel()
            await asyncio.wait([task], timeout=CANCEL_INTERVAL_S)
        log.error("background_task.not_stopped", task=self.name)

    def _spawn(self) -> None:
        self._restart = None
        self._started_at = self._monotonic()
        self._task = asyncio.create_task(self._run(), name=self.name)
        self._task.add_done_callback(self._ended)

    async def _run(self) -> None:
        await self._work()

    def _ended(self, task: "asyncio.Task[None]") -> None:
        error = None if task.cancelled() else task.exception()
        if task is not self._task:  # stopped
            return
        if self._once and error is None and not task.cancelled():
            self._completed = True
            return
        now = self._monotonic()
        if now - self._started_at >= STEADY_AFTER_S:
            self._failures = 0
        if not self._failures:
            self._failing_since = now
        self._ended_at = now
        delay = min(FIRST_RESTART_S * 2 ** min(self._failures, 16), MAX_RESTART_S)
        self._failures += 1
        self.restarts += 1
        self._restart = task.get_loop().call_later(delay, self._spawn)
        if task.cancelled():  # not by `stop`: as a rule by the end of the event loop, with all other tasks
            log.info("background_task.cancelled", task=self.name, restart_in_s=delay)
            return
        reason = "returned" if error is None else type(error).__name__
        log.error("background_task.ended", task=self.name, reason=reason, restart_in_s=delay, exc_info=error)


class PeriodicTask(BackgroundTask):
    """Does `work` every `interval` seconds from `start` to `stop`, and whenever `wake` is set.

    A failure of `work` is logged and counted, and the next round tries again. With `early_retry=False` no `wake`
    shortens the interval after `Unavailable`: what is new is no reason to believe that the other side is back.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[], Awaitable[object]],
        *,
        interval: float,
        wake: asyncio.Event | None = None,
        early_retry: bool = True,
    ) -> None:
        super().__init__(name, work)
        self._early_retry = early_retry
        self._interval = interval
        self._wake = wake or asyncio.Event()
        self.failures = 0
        """Rounds that ended in an exception other than `Unavailable`."""
        self._failures_in_a_row = 0

    @property
    def rounds_fail(self) -> bool:
        """Whether `REPEATED_FAILURES` rounds or more have failed, and none has succeeded since."""
        return self._failures_in_a_row >= REPEATED_FAILURES

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            try:
                await self._work()
                self._failures_in_a_row = 0
            except Unavailable as error:
                log.warning(
                    "background_task.waiting", task=self.name, reason=error.description, detail=error.detail
                )
                if not self._early_retry:
                    await asyncio.sleep(self._interval)
                    continue
            except Exception:
                self.failures += 1
                self._failures_in_a_row += 1
                log.exception("background_task.failed", task=self.name)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._interval):
                    await self._wake.wait()


class TaskOwner:
    """Its background tasks run from its start to its stop. Whoever derives from it sets `tasks` when it is made."""

    tasks: Sequence[BackgroundTask]

    async def start(self) -> None:
        for task in self.tasks:
            await task.start()

    async def stop(self) -> None:
        for task in self.tasks:
            await task.stop()


@runtime_checkable
class HasBackgroundTasks(Protocol):
    """A resource of an application that runs background tasks says which."""

    @property
    def tasks(self) -> Sequence[BackgroundTask]: ...


def background_tasks(resources: Iterable[object]) -> tuple[BackgroundTask, ...]:
    """All background tasks of some resources."""
    return tuple(task for r in resources if isinstance(r, HasBackgroundTasks) for task in r.tasks)
