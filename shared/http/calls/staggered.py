"""Several addresses of one name, tried one after another (RFC 8305)."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from shared.http.calls.connection import CallConnection

NEXT_AFTER_S = 0.25
"""Seconds after which the next address is tried as well, when none has failed or connected by then."""

Attempt = Callable[[], Awaitable[CallConnection]]


async def first_opened(attempts: Sequence[Attempt]) -> CallConnection:
    """What the first attempt to succeed has opened; the others end. Raises the first's `OSError` if all fail."""
    if len(attempts) == 1:
        return await attempts[0]()
    tasks: list[asyncio.Future[CallConnection]] = []
    opened: CallConnection | None = None
    try:
        for attempt in attempts:
            tasks.append(asyncio.ensure_future(attempt()))
            opened = await _first(tasks, NEXT_AFTER_S)
            if opened is not None:
                return opened
        opened = await _first(tasks, None)
        return opened or tasks[0].result()
    finally:
        # Nothing is waited for: whoever were cancelled here would leave what has opened to nobody.
        for task in tasks:
            task.cancel()
            task.add_done_callback(partial(_close_unused, opened))


def _close_unused(used: CallConnection | None, task: "asyncio.Future[CallConnection]") -> None:
    if not task.cancelled() and task.exception() is None and task.result() is not used:
        task.result().abort()


async def _first(tasks: "Sequence[asyncio.Future[CallConnection]]", seconds: float | None) -> CallConnection | None:
    """Within `seconds`, or less where all have failed; without, when one has succeeded or all have failed."""
    pending = set(tasks)
    while pending:
        done, pending = await asyncio.wait(pending, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            error = task.exception()
            if error is None:
                return task.result()
            if not isinstance(error, OSError):
                raise error
        if not done:
            return None
    return None
