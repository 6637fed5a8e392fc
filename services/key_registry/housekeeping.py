"""Forgetting what is over, now and then, so that tables do not grow for ever."""

from typing import Protocol

from services.key_registry.admin.idempotency import REMEMBERED
from services.key_registry.changes.consumers import FORGOTTEN_AFTER_S
from services.key_registry.storage.ports import ConsumerStore
from shared.background_task import PeriodicTask
from shared.clock import Clock

INTERVAL = 600.0
"""Seconds."""
CHANGES_KEPT = 7 * 86400
"""Seconds: a consumer that was away for longer starts again from a snapshot."""
REVOCATIONS_KEPT = 3600
"""Seconds after `until`, for clocks that differ."""
REPORTS_KEPT = 3600
"""Seconds: of a change that is older, a receipt no longer shows how long it took."""


class Prunable(Protocol):
    async def prune(
        self, *, changes_before: float, revocations_before: float, idempotency_before: float
    ) -> None: ...


class Housekeeping:
    def __init__(self, store: Prunable, consumers: ConsumerStore, clock: Clock) -> None:
        self._store = store
        self._consumers = consumers
        self._clock = clock
        self._task = PeriodicTask("housekeeping", self.tidy, interval=INTERVAL)
        self.tasks = (self._task,)

    async def start(self) -> None:
        await self._task.start()

    async def stop(self) -> None:
        await self._task.stop()

    async def tidy(self) -> None:
        """Raises `Unavailable` when the store is away; then the next round does it."""
        now = self._clock.now()
        await self._store.prune(
            changes_before=now - CHANGES_KEPT,
            revocations_before=now - REVOCATIONS_KEPT,
            idempotency_before=now - REMEMBERED,
        )
        await self._consumers.prune(silent_since=now - FORGOTTEN_AFTER_S, reports_before=now - REPORTS_KEPT)
