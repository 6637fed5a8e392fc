"""Threads for what would hold up the event loop. The end of the process waits for none of them.

Those of `asyncio.to_thread` are waited for, without a bound: a file in a folder of the network may hang for as long
as its server is away, and SIGTERM would not end the process.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from queue import SimpleQueue
from typing import Any, ParamSpec, TypeVar

from shared.errors import Unavailable

P = ParamSpec("P")
T = TypeVar("T")
Work = tuple["Future[Any]", Callable[[], Any]]


class BoundedThreads:
    """A few threads, and a bound on what waits for them.

    Work counts against the bound until it has ended, also when nobody waits for it any more: threads go on.
    """

    def __init__(self, name: str, *, threads: int, max_waiting: int) -> None:
        """`max_waiting`: pieces of work that may be under way, those that wait for a thread included."""
        self._name = name
        self._max_threads = threads
        self._threads = 0
        self._work: SimpleQueue[Work | None] = SimpleQueue()
        self._under_way = 0
        self._max_waiting = max_waiting
        self._lock = threading.Lock()
        self._stopped = False

    async def start(self) -> None:
        """Threads start with the first work."""

    async def stop(self) -> None:
        """What waits for a thread is cancelled."""
        self._stopped = True
        while not self._work.empty():
            if (work := self._work.get()) is not None:
                work[0].cancel()
        for _ in range(self._threads):
            self._work.put(None)

    async def run(self, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """What `work` returns. Raises `Unavailable` at once when too much is under way."""
        if self._stopped:
            raise RuntimeError(f"{self._name}: work after the stop")
        with self._lock:
            if self._under_way >= self._max_waiting:
                raise Unavailable("too much is under way; try again later", retry_after=5)
            self._under_way += 1
            under_way = self._under_way
        future: Future[T] = Future()
        future.add_done_callback(self._ended)
        if self._threads < min(under_way, self._max_threads):
            self._threads += 1
            name = f"{self._name}_{self._threads}"
            threading.Thread(target=self._run_all, name=name, daemon=True).start()
        self._work.put((future, partial(work, *arguments, **named)))
        return await asyncio.wrap_future(future)

    def _run_all(self) -> None:
        while (work := self._work.get()) is not None:
            _complete(*work)
            del work  # may hold a secret

    def _ended(self, _: "Future[Any]") -> None:
        with self._lock:
            self._under_way -= 1


class WorkHangs(Exception):
    """Work has not ended in its time."""


class OneAtATime:
    """A daemon thread for work that is done again and again and may hang, such as a look at a file.

    While some hangs, no other is begun, so that there are not ever more threads.
    """

    def __init__(self, timeout: float) -> None:
        """`timeout`: in seconds."""
        self._timeout = timeout
        self._hanging: asyncio.Future[Any] | None = None

    async def run(self, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """What `work` returns. Raises `WorkHangs`."""
        if self._hanging is not None and not self._hanging.done():
            await asyncio.wait({self._hanging}, timeout=self._timeout)
            if not self._hanging.done():
                raise WorkHangs(f"no answer for more than {self._timeout:g} s")
        self._hanging = None
        under_way = _begun(partial(work, *arguments, **named))
        await asyncio.wait({under_way}, timeout=self._timeout)
        if not under_way.done():
            under_way.add_done_callback(_forget)
            self._hanging = under_way
            raise WorkHangs(f"no answer for more than {self._timeout:g} s")
        return under_way.result()


async def in_daemon_thread(work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """What `work` returns. A thread for each call: whoever calls sees to it that few are under way."""
    return await _begun(partial(work, *arguments, **named))


def _begun(work: Callable[[], T]) -> "asyncio.Future[T]":
    future: Future[T] = Future()
    threading.Thread(target=_complete, args=(future, work), daemon=True).start()
    return asyncio.wrap_future(future)


def _forget(future: "asyncio.Future[Any]") -> None:
    """Of work that nobody waits for any more: an exception is nobody's."""
    if not future.cancelled():
        future.exception()


def _complete(future: "Future[Any]", work: Callable[[], Any]) -> None:
    """Do the work, unless nobody waits for it any more, and set the future's result or exception."""
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = work()
    except BaseException as error:
        future.set_exception(error)
    else:
        future.set_result(result)
