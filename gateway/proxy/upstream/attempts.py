"""The attempts of a pool to open a connection, each a task of its own."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, cast

import structlog

log = structlog.get_logger()


class Attempts:
    """Those that are under way. `failed` is called with what one raises: a fault of ours, since none should."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, upstream: str, failed: Callable[[BaseException], None]
    ) -> None:
        self._loop = loop
        self._upstream = upstream
        self._failed = failed
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def begin(self, attempt: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(attempt)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def succeeded(self) -> None:
        """The one that calls this has opened a connection, and counts no more."""
        self._tasks.discard(cast("asyncio.Task[None]", asyncio.current_task()))

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            log.error("upstream_connection.failed", upstream=self._upstream, exc_info=error)
            self._failed(error)
