"""Counts what would have been refused, and delivers the counts to the key registry in batches."""

import contextlib
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol
from uuid import uuid4

from prometheus_client import CollectorRegistry, Counter

from shared.background_task import PeriodicTask, TaskOwner
from shared.clock import Clock
from shared.contracts.report_only import (
    MAX_COUNTS,
    MAX_NAME_CHARACTERS,
    ReportOnlyBatch,
    ReportOnlyCount,
    ReportOnlyKind,
)
from shared.errors import CallRejected, Unavailable

SEND_INTERVAL_S = 2.0
"""So much of the counts, and what a call to the registry takes, is lost with a process that is killed."""
MAX_KEYS = 2_000
"""Combinations of company, cause and name that are counted apart between two deliveries."""
MAX_QUEUED_BATCHES = 20
"""Batches that wait while the registry is unavailable; of more, the oldest are left out."""
OTHER = "other"
"""The name of what is counted together past `MAX_KEYS`."""


class WouldRefuse(NamedTuple):
    """Calls that are alike. `name` is that of the route, scope or limit."""

    kind: ReportOnlyKind
    name: str
    cause: str
    """A word of docs/refusals.md."""
    company_id: str = ""
    """The registry's id; "" for whom nobody knows."""


class ReportOnlySink(Protocol):
    async def add_report_only(self, batch: ReportOnlyBatch) -> None:
        """Returns when it is durable; one that is there already counts once. Raises `Unavailable`."""
        ...


@dataclass(slots=True)
class _Tally:
    first_at: float
    last_at: float
    last_request_id: str
    count: int = 0


class ReportOnlyCounts(TaskOwner):
    """`count` is for whoever lets a call through that it would have refused: it waits for nothing.

    No call is counted twice: a batch whose fate is not known is sent again under the same id. A process that is
    killed loses what it has counted since the last delivery (`SEND_INTERVAL_S`).
    """

    def __init__(self, sink: ReportOnlySink, *, clock: Clock, metrics: CollectorRegistry | None = None) -> None:
        self._sink = sink
        self._clock = clock
        self._tallies: dict[WouldRefuse, _Tally] = {}
        self._batches: deque[ReportOnlyBatch] = deque()
        self.tasks = (PeriodicTask("report_only", self._send_all, interval=SEND_INTERVAL_S, early_retry=False),)
        self._counted = Counter(
            "report_only_calls_total",
            "Calls that would have been refused, and were not: what would refuse them is report-only.",
            ["kind"],
            registry=metrics,
        )
        self._left_out = Counter(
            "report_only_calls_left_out_total",
            "Of these calls, those that the registry did not get to know: it was unavailable for too long, or "
            "rejected them.",
            registry=metrics,
        )

    async def stop(self) -> None:
        """Send what is counted, if the registry is available."""
        await super().stop()
        with contextlib.suppress(Unavailable):
            await self._send_all()

    def count(self, would: WouldRefuse, request_id: str) -> None:
        """Count one call, which goes on."""
        self._counted.labels(would.kind).inc()
        now, tally = self._clock.now(), self._tallies.get(would)
        if tally is None:
            if len(self._tallies) >= MAX_KEYS:
                would = would._replace(name=OTHER, company_id="")
            tally = self._tallies.setdefault(would, _Tally(now, now, request_id))
        tally.count += 1
        tally.last_at, tally.last_request_id = max(tally.last_at, now), request_id

    def _close_batches(self) -> None:
        """What was counted becomes batches, which keep their ids until they are delivered."""
        counts, self._tallies = [_count_of(*each) for each in self._tallies.items()], {}
        for start in range(0, len(counts), MAX_COUNTS):
            if len(self._batches) >= MAX_QUEUED_BATCHES:
                self._leave_out(self._batches.popleft().counts)
            batch = ReportOnlyBatch(id=str(uuid4()), counts=tuple(counts[start : start + MAX_COUNTS]))
            self._batches.append(batch)

    async def _send_all(self) -> None:
        self._close_batches()
        while self._batches:
            batch = self._batches[0]
            try:
                await self._sink.add_report_only(batch)
            except CallRejected:
                self._leave_out(batch.counts)
            self._batches.popleft()

    def _leave_out(self, counts: Sequence[ReportOnlyCount]) -> None:
        self._left_out.inc(sum(count.count for count in counts))


def _count_of(would: WouldRefuse, tally: _Tally) -> ReportOnlyCount:
    return ReportOnlyCount(
        company_id=would.company_id,
        cause=would.cause,
        kind=would.kind,
        name=would.name[:MAX_NAME_CHARACTERS],
        count=tally.count,
        first_at=tally.first_at,
        last_at=tally.last_at,
        last_request_id=tally.last_request_id,
    )
