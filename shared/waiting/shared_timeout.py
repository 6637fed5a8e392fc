"""One time-out for many waiters: a timer for each costs more than much of what is waited for."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any


class SharedTimeout:
    """Fails each future that is not done `seconds` after it was added, with an error of its own."""

    def __init__(self, seconds: float, error: Callable[[], Exception]) -> None:
        self._seconds = seconds
        self._error = error
        self._pending: deque[tuple[float, asyncio.Future[Any]]] = deque()
        """With their deadlines, by the loop's clock, which are in order; some of them are done."""
        self._timer: asyncio.TimerHandle | None = None

    def add(self, future: "asyncio.Future[Any]") -> None:
        loop, pending = future.get_loop(), self._pending
        while pending and pending[0][1].done():
            pending.popleft()
        deadline = loop.time() + self._seconds
        pending.append((deadline, future))
        if self._timer is None:
            self._timer = loop.call_at(deadline, self._fail, loop)

    def _fail(self, loop: asyncio.AbstractEventLoop) -> None:
        pending = self._pending
        self._timer = None
        while pending and (pending[0][1].done() or pending[0][0] <= loop.time()):
            _, future = pending.popleft()
            error = None if future.done() else self._error()
            if error is not None and not future.done():  # what makes the error may have failed it already
                future.set_exception(error)
        if pending:
            self._timer = loop.call_at(pending[0][0], self._fail, loop)
