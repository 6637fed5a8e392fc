"""Work on demand, of which there is never more than one run at a time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import structlog

from shared.errors import ServiceError
from shared.waiting.shared_result import shared_result

log = structlog.get_logger()

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """Runs `work` when it is requested; a request during a run joins that run.

    The run does not end when its callers do. An exception reaches every caller; one that is no `ServiceError` is
    logged as well, since there may be no caller.
    """

    def __init__(self, name: str, work: Callable[[], Awaitable[T]]) -> None:
        self._name = name
        self._work = work
        self._task: asyncio.Task[T] | None = None

    @property
    def running(self) -> bool:
        return self._task is not None and not self._task.done()

    def begin(self) -> "asyncio.Task[T]":
        """The run under way, or a new one."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name=self._name)
            self._task.add_done_callback(self._ended)
        return self._task

    async def run(self) -> T:
        """The result of the run under way, or of a new one. Raises as `work` does, for each caller anew."""
        return await shared_result(self.begin())

    async def stop(self) -> None:
        """Cancel the run under way, if any, and wait for its end."""
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])

    async def drain(self, seconds: float) -> None:
        """Wait for the run under way, if any, for so long at most."""
        if self._task is not None and not self._task.done():
            await asyncio.wait([self._task], timeout=seconds)

    async def _run(self) -> T:
        return await self._work()

    def _ended(self, task: "asyncio.Task[T]") -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, ServiceError):
            log.error("background_task.failed", task=self._name, exc_info=error)
