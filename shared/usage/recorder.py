"""Counts the use of credentials in memory, and reports it to the key registry."""

import asyncio
import contextlib
import hashlib
from typing import Protocol

import structlog
from prometheus_client import CollectorRegistry, Counter

from shared.addresses.block import address_block
from shared.background_task import PeriodicTask, TaskOwner
from shared.clock import Clock
from shared.contracts import Caller
from shared.contracts.usage.messages import HASH_BITS, IssuedWhat, Outcome, UsageBatch, UsageClient, UsedKind
from shared.errors import CallRejected, Unavailable
from shared.usage.cells import Cell, CellKey
from shared.usage.pending import Pending

log = structlog.get_logger()

REPORT_INTERVAL_S = 3.0
"""So much of the counts, and what a call to the registry takes, is lost with a process that is killed while the
registry responds."""
HEARTBEAT_INTERVAL_S = 12.0
"""Between two batches of a process that counts nothing: they say that there was nothing."""
MAX_CELLS = 10_000
"""Combinations that are counted apart at a time. Beyond, calls are counted without their addresses; where there is
no room for that either, they are dropped and counted as such."""
MAX_IDLE_ROUNDS = 20
"""Reports without a call after which a cell is closed."""
MAX_TEXT_CHARACTERS = 64
MAX_ROUTE_CHARACTERS = 200
STOP_TIMEOUT_S = 2.0
_NOTHING = CellKey("api_token", "", 0, "", "accepted", "", False, "")


class UsageSink(Protocol):
    async def add_usage(self, batch: UsageBatch) -> None:
        """Returns when it is durable. Raises `Unavailable`; then the same batch is sent again, and added once."""
        ...


class Usage(TaskOwner):
    """Nobody waits for it. What is counted is kept while the registry is away, up to the bounds of `Pending`.

    A batch goes out again under its number until it is known to be added, so that no call is counted twice. Batches
    also say until when all calls are counted, and when some were lost: who asks whether a secret is in use has to
    know that of each process.
    """

    def __init__(self, sink: UsageSink, *, clock: Clock, metrics: CollectorRegistry | None = None) -> None:
        self._sink = sink
        self._clock = clock
        self._cells: dict[CellKey, Cell] = {}
        self._pending = Pending()
        self._batch: UsageBatch | None = None
        """The one that may have been added, or not."""
        self._counted_until = clock.now()
        self._lost_at: float | None = None
        self._reported_at: float | None = None
        """By the monotonic clock."""
        self.uncounted = Cell(_NOTHING)
        """Of calls that are not to be counted."""
        self._crowded: dict[CellKey, Cell] = {}
        """In the place of those for which there is no room: without addresses, and until the next report."""
        self._overflow = Cell(_NOTHING)
        """Of calls for which there is no room at all, until the next report."""
        self.tasks = (PeriodicTask("usage", self.report, interval=REPORT_INTERVAL_S, early_retry=False),)
        self._dropped = Counter(
            "usage_calls_dropped_total",
            "Calls that are in no usage count: there were too many combinations, or the registry was away for too "
            "long, or rejected them.",
            registry=metrics,
        )

    @classmethod
    def reported_over(cls, registry: Caller, *, clock: Clock, metrics: CollectorRegistry) -> "Usage":
        """`registry`: calls of the key registry."""
        return cls(UsageClient(registry), clock=clock, metrics=metrics)

    @property
    def source(self) -> str:
        """Names this process in its batches."""
        return self._pending.source

    async def stop(self) -> None:
        """Report what was counted, within `STOP_TIMEOUT_S`."""
        await super().stop()
        with contextlib.suppress(TimeoutError, Unavailable):
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await self.report(ended=True)
        self._dropped.inc(self._pending.calls + (0 if self._batch is None else _calls_of(self._batch)))

    def cell(
        self,
        kind: UsedKind,
        credential: str,
        version: int,
        route: str,
        outcome: Outcome,
        cause: str = "",
        *,
        proven: bool = True,
        address: str = "",
    ) -> Cell:
        """Where such calls are counted: whoever holds on to it asks again once it is closed."""
        key = CellKey(
            kind,
            credential,
            version,
            route[:MAX_ROUTE_CHARACTERS],
            outcome,
            cause[:MAX_TEXT_CHARACTERS],
            proven,
            address and address_block(address),
        )
        cell = self._cells.get(key)
        if cell is not None:
            return cell
        cells = self._cells
        if len(cells) >= MAX_CELLS:
            cells, key = self._crowded, key._replace(address="")
            cell = cells.get(key)
            if cell is None and len(cells) >= MAX_CELLS:
                return self._overflow
        if cell is None:
            cell = cells[key] = Cell(key)
        return cell

    def count(
        self,
        kind: UsedKind,
        credential: str,
        version: int,
        route: str,
        outcome: Outcome,
        cause: str = "",
        *,
        proven: bool = True,
        address: str = "",
    ) -> Cell:
        """Count one call; the cell that it is counted in."""
        cell = self.cell(kind, credential, version, route, outcome, cause, proven=proven, address=address)
        cell.calls += 1
        return cell

    def user(self, cell: Cell, user: str) -> None:
        """A user for whom the calls of this cell are."""
        if cell.key is _NOTHING:
            return
        self._pending.add_user(cell.key, self._hour(), hash_of(user))

    def issued(
        self, kind: UsedKind, credential: str, version: int, what: IssuedWhat, expires_at: float, tokens: int = 1
    ) -> None:
        """Tokens that live until `expires_at`, seconds since the epoch; -1: one of them was ended."""
        self._pending.add_issued((kind, credential, version, what, _end_of_minute(expires_at)), tokens)

    async def report(self, *, ended: bool = False) -> None:
        """Raises `Unavailable`; then the next round goes on. `ended`: nothing is counted any more."""
        self._take()
        while (batch := self._batch or self._next(ended=ended)) is not None:
            self._batch = batch
            try:
                await self._sink.add_usage(batch)
            except CallRejected as error:
                self._lost(_calls_of(batch))
                log.error("usage.batch_rejected", calls=_calls_of(batch), detail=error.detail)
            self._batch = None
            self._reported_at = self._clock.monotonic()
            if batch.ended:
                return

    def _next(self, *, ended: bool) -> UsageBatch | None:
        silent = self._reported_at is None or self._clock.monotonic() - self._reported_at >= HEARTBEAT_INTERVAL_S
        if not (self._pending or silent or ended):
            return None
        return self._pending.batch(self._counted_until, self._lost_at, ended=ended)

    def _lost(self, calls: int) -> None:
        if calls:
            self._dropped.inc(calls)
            self._lost_at = self._clock.now()

    def _take(self) -> None:
        now, hour = self._clock.now(), self._hour()
        closed = []
        idle_rounds = MAX_IDLE_ROUNDS if len(self._cells) < MAX_CELLS else 0
        for key, cell in self._cells.items():
            if cell.calls:
                cell.idle_rounds = 0
                self._take_calls(cell, hour, now)
                continue
            cell.idle_rounds += 1
            if cell.idle_rounds > idle_rounds:
                cell.closed = True
                closed.append(key)
        for key in closed:
            del self._cells[key]
        for cell in self._crowded.values():
            cell.closed = True
            self._take_calls(cell, hour, now)
        self._crowded.clear()
        self._overflow.closed = True
        self._lost(self._overflow.calls)
        self._overflow = Cell(_NOTHING)
        self._counted_until = now

    def _take_calls(self, cell: Cell, hour: int, now: float) -> None:
        calls, cell.calls = cell.calls, 0
        address = hash_of(cell.key.address) if cell.key.address and cell.address_hour != hour else None
        cell.address_hour = hour
        if not self._pending.add_calls(cell.key, hour, calls, now, address):
            self._lost(calls)

    def _hour(self) -> int:
        return max(0, int(self._clock.now() // 3600))


def hash_of(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8]) >> (64 - HASH_BITS)


def _end_of_minute(at: float) -> int:
    return int(-(-at // 60) * 60)


def _calls_of(batch: UsageBatch) -> int:
    return sum(count.calls for count in batch.counts)
