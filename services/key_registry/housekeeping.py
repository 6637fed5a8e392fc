"""Forgetting what is over, now and then, so that tables do not grow for ever."""

import asyncio
import contextlib
from typing import Protocol

import structlog

from services.key_registry.admin.idempotency import REMEMBERED
from services.key_registry.changes.consumers import FORGOTTEN_AFTER
from services.key_registry.storage.ports import ConsumerStore
from shared.clock import Clock
from shared.errors import Unavailable

log = structlog.get_logger()

INTERVAL = 600.0
"""Seconds."""
CHANGES_KEPT = 7 * 86400
"""Seconds: a consumer that was away for longer starts again from a snapshot."""
REVOCATIONS_KEPT = 3600
"""Seconds after `until`, for clocks that differ."""
REPORTS_KEPT = 3600
"""Seconds: of a change that is older, a receipt no longer tells how long it took."""


class Prunable(Protocol):
    async def prune(
        self, *, changes_before: float, revocations_before: float, idempotency_before: float
    ) -> None: ...


class Housekeeping:
    def __init__(self, store: Prunable, consumers: ConsumerStore, clock: Clock) -> None:
        self._store = store
        self._consumers = consumers
        self._clock = clock
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="housekeeping")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def tidy(self) -> None:
        """Raises `Unavailable` when the store is away; then the next round does it."""
        now = self._clock.now()
        await self._store.prune(
            changes_before=now - CHANGES_KEPT,
            revocations_before=now - REVOCATIONS_KEPT,
            idempotency_before=now - REMEMBERED,
        )
        await self._consumers.prune(silent_since=now - FORGOTTEN_AFTER, reports_before=now - REPORTS_KEPT)

    async def _run(self) -> None:
        while True:
            try:
                await self.tidy()
            except Unavailable as error:
                log.info("housekeeping waits for the database", detail=error.detail)
            await asyncio.sleep(INTERVAL)
