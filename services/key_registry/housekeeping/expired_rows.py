"""Prunes expired rows on a schedule, so that tables do not grow for ever."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from services.key_registry.ports.consumers import FORGOTTEN_AFTER_S, ConsumerStore
from services.key_registry.recording.idempotency import IDEMPOTENCY_KEYS_KEPT_S
from shared.background_task import PeriodicTask, TaskOwner
from shared.errors import Unavailable

HOUSEKEEPING_INTERVAL_S = 600.0
CHANGES_KEPT_S = 7 * 86400
"""Seconds: a consumer that was unavailable for longer starts again from a snapshot."""
REVOCATIONS_KEPT_S = 3600
"""Seconds after `until`, for clocks that differ."""
RETIRED_SECRETS_KEPT_S = 400 * 86400
"""Seconds: until then the refusal of a retired secret names its credential in the audit trail. It is more than the
longest life of anything that was issued with one."""
REPORTS_KEPT_S = 3600
"""Seconds: of a change that is older, a receipt no longer shows how long it took."""


class Prunable(Protocol):
    async def prune(
        self,
        *,
        changes_before: float,
        revocations_before: float,
        idempotency_before: float,
        versions_before: float,
    ) -> None: ...


class TrustedClock(Protocol):
    async def time(self) -> float:
        """Seconds since the epoch. Raises `Unavailable` when it cannot be known."""
        ...


class Housekeeping(TaskOwner):
    """A clock that is wrong would prune revocations that still concern somebody, so it is the store's own.

    `more`: each deletes what has expired by the time that it is given (seconds since the epoch), and may raise
    `Unavailable`, which keeps none of the others from their work.
    """

    def __init__(
        self,
        store: Prunable,
        consumers: ConsumerStore,
        clock: TrustedClock,
        more: Sequence[Callable[[float], Awaitable[None]]] = (),
    ) -> None:
        self._store = store
        self._consumers = consumers
        self._clock = clock
        self._more = more
        self.tasks = (PeriodicTask("housekeeping", self.tidy, interval=HOUSEKEEPING_INTERVAL_S),)

    async def tidy(self) -> None:
        """Raises `Unavailable` when the store is unavailable; then the next round does it."""
        now = await self._clock.time()
        failed: Unavailable | None = None
        for prune in (self._prune_store, self._prune_consumers, *self._more):
            try:
                await prune(now)
            except Unavailable as error:
                failed = error
        if failed is not None:
            raise failed

    async def _prune_store(self, now: float) -> None:
        await self._store.prune(
            changes_before=now - CHANGES_KEPT_S,
            revocations_before=now - REVOCATIONS_KEPT_S,
            idempotency_before=now - IDEMPOTENCY_KEYS_KEPT_S,
            versions_before=now - RETIRED_SECRETS_KEPT_S,
        )

    async def _prune_consumers(self, now: float) -> None:
        await self._consumers.prune(silent_since=now - FORGOTTEN_AFTER_S, reports_before=now - REPORTS_KEPT_S)
