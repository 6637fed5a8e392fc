"""Jobs that come due again and again, done by one owned task: so many at once, and each once at a time."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Protocol

import structlog

from shared.background_task import BackgroundTask

log = structlog.get_logger()

TICK_S = 0.25
"""Seconds between two looks at what is due."""


class Job(Protocol):
    due_at: float
    """In seconds of the loop's clock."""

    @property
    def interval(self) -> float:
        """Seconds from one start to the next."""
        ...

    async def run(self) -> None:
        """Bounds its own time. What it raises is logged, and it runs again when it is due."""
        ...


def _due_at(job: Job) -> float:
    return job.due_at


class DueJobs:
    """`jobs` are those that there are now: one that has left is not begun again."""

    def __init__(self, name: str, jobs: Callable[[], Iterable[Job]], *, limit: int) -> None:
        self.task = BackgroundTask(name, self._run)
        self._jobs = jobs
        self._limit = limit
        self._running: set[Job] = set()

    async def _run(self) -> None:
        self._running.clear()
        loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as group:
            while True:
                now = loop.time()
                due = sorted((job for job in self._jobs() if job.due_at <= now), key=_due_at)
                for job in [job for job in due if job not in self._running][: self._limit - len(self._running)]:
                    job.due_at = now + job.interval
                    self._running.add(job)
                    group.create_task(self._do(job))
                await asyncio.sleep(TICK_S)

    async def _do(self, job: Job) -> None:
        try:
            await job.run()
        except Exception:
            log.exception("upstream_job.failed", task=self.task.name)
        finally:
            self._running.discard(job)
