"""Notices which quotas are nearly or wholly used, and says so to the key registry once."""

import contextlib
from collections import deque
from collections.abc import Sequence
from typing import Protocol

import structlog

from shared.background_task import PeriodicTask, TaskOwner
from shared.clock import Clock
from shared.contracts.limits import MAX_NOTICES, NEARLY_USED_PERCENT, Percent, QuotaNotice
from shared.errors import CallRejected, Unavailable
from shared.limits.meters import Meter
from shared.limits.quota_meter import QuotaMeter

log = structlog.get_logger()

SEND_INTERVAL_S = 2.0
MAX_QUEUED = 2_000
"""Notices that wait while the registry is unavailable; of more, the oldest are left out."""
MAX_NOTED = 20_000
"""What was noticed before, after which all of it is noticed again: the registry knows what it has already."""


class NoticeSink(Protocol):
    async def add_quota_notices(self, notices: Sequence[QuotaNotice]) -> None:
        """Returns when they are durable. Raises `Unavailable`."""
        ...


class QuotaWatch(TaskOwner):
    def __init__(self, sink: NoticeSink, clock: Clock) -> None:
        self._sink = sink
        self._clock = clock
        self._noted: set[tuple[str, str, int, Percent]] = set()
        self._queued: deque[QuotaNotice] = deque(maxlen=MAX_QUEUED)
        self.tasks = (PeriodicTask("quota_notices", self._send_all, interval=SEND_INTERVAL_S, early_retry=False),)

    async def stop(self) -> None:
        await super().stop()
        with contextlib.suppress(Unavailable):
            await self._send_all()

    def look(self, meter: Meter) -> None:
        """At one whose count has just been renewed. It waits for nothing."""
        if not isinstance(meter, QuotaMeter) or meter.available is None:
            return
        left = meter.available + meter.credit
        if left * 100 > meter.size * (100 - NEARLY_USED_PERCENT):
            return
        self._note(meter, 80)
        if left <= 0:
            self._note(meter, 100)

    def _note(self, meter: QuotaMeter, percent: Percent) -> None:
        key = (meter.key, meter.known_in, meter.size, percent)
        if key in self._noted:
            return
        if len(self._noted) >= MAX_NOTED:
            self._noted.clear()
        self._noted.add(key)
        self._queued.append(
            QuotaNotice.model_construct(
                kind=meter.kind,  # type: ignore[arg-type]
                id=meter.key.partition(":")[0],
                period=meter.known_in,
                calls=meter.size,
                percent=percent,
                at=self._clock.now(),
            )
        )

    async def _send_all(self) -> None:
        while self._queued:
            notices = [self._queued.popleft() for _ in range(min(MAX_NOTICES, len(self._queued)))]
            try:
                await self._sink.add_quota_notices(notices)
            except CallRejected as error:
                log.error("quota_notices.rejected", notices=len(notices), detail=error.detail)
            except BaseException:
                room = MAX_QUEUED - len(self._queued)  # what came meanwhile stays: the oldest are left out
                self._queued.extendleft(reversed(notices[len(notices) - min(room, len(notices)) :]))
                raise
