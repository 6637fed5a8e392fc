"""Work that is done again and again beside the requests."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog

from shared.errors import Unavailable

log = structlog.get_logger()


class Upkeep:
    """Does `work` every `interval` seconds from `start` to `stop`, and whenever `wake` is set.

    A failure is logged and tried again.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[], Awaitable[object]],
        *,
        interval: float,
        wake: asyncio.Event | None = None,
    ) -> None:
        self._name = name
        self._work = work
        self._interval = interval
        self._wake = wake or asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name=self._name)

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            try:
                await self._work()
            except Unavailable as error:
                log.warning("upkeep has to wait", work=self._name, reason=error.description, detail=error.detail)
            except Exception:
                log.exception("upkeep failed", work=self._name)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._interval):
                    await self._wake.wait()
