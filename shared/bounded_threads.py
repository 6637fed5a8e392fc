"""A few threads for what would hold up the event loop, and a bound on what waits for them."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from shared.errors import Unavailable

P = ParamSpec("P")
T = TypeVar("T")


class BoundedThreads:
    """Work counts against the bound until it has ended, also when nobody waits for it any more: threads go on."""

    def __init__(self, name: str, *, threads: int, max_waiting: int) -> None:
        """`max_waiting`: pieces of work that may be under way, those that wait for a thread included."""
        self._threads = ThreadPoolExecutor(threads, name)
        self._free = threading.BoundedSemaphore(max_waiting)

    async def start(self) -> None:
        """Threads start with the first work."""

    async def stop(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def run(self, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """What `work` returns. Raises `Unavailable` at once when too much is under way."""
        if not self._free.acquire(blocking=False):
            raise Unavailable("too much is under way; try again later", retry_after=5)
        try:
            future = self._threads.submit(work, *arguments, **named)
        except BaseException:
            self._free.release()
            raise
        future.add_done_callback(self._release)
        return await asyncio.wrap_future(future)

    def _release(self, _: Future[T]) -> None:
        self._free.release()
