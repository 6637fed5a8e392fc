"""Sends audit events to the key registry in batches: awaited where nothing may happen without one, else queued."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Sequence
from typing import Any, Protocol

import structlog
from prometheus_client import CollectorRegistry, Counter
from uuid_utils import uuid7

from shared.audit.refusals import RefusalCounts
from shared.background_task import BackgroundTask
from shared.clock import Clock
from shared.contracts.key_registry import AuditEvent
from shared.errors import Unavailable
from shared.logging import request_id

log = structlog.get_logger()

Batch = list[tuple[AuditEvent, asyncio.Future[None] | None]]

MAX_QUEUED = 10_000
"""Events that may wait; of those that nobody awaits, one more is dropped and counted."""
MAX_BATCH = 500
RETRY_INTERVAL_S = 1.0
"""Between attempts for events that nobody awaits."""
STOP_TIMEOUT_S = 2.0


class AuditSink(Protocol):
    async def audit(self, events: Sequence[AuditEvent]) -> None:
        """Returns when the events are durable; raises `Unavailable` when that cannot be known.

        An event that was written already, by its id, is not written again.
        """
        ...


class Audit(Protocol):
    """What the rules of a service need of an `AuditTrail`."""

    def event(self, action: str, *, actor: str = "", **fields: Any) -> AuditEvent: ...

    async def record(self, event: AuditEvent) -> None:
        """Returns when the line is durable. Raises `Unavailable`."""
        ...

    def note(self, event: AuditEvent) -> None:
        """Queues the line."""
        ...


class RefusalAudit(Protocol):
    """What reports refusals needs of the trail."""

    def event(self, action: str, *, actor: str = "", **fields: Any) -> AuditEvent: ...

    def note_refusal(self, event: AuditEvent) -> None: ...

    def count_refusal(self, *, cause: str, endpoint: str, address: str, logged: bool = False) -> None: ...


class AuditTrail:
    """`record` is for what must not happen without its line; `note` for what is written as soon as it can be.

    An event whose fate is not known (the response was lost) is sent again under the same id, and written once.
    """

    def __init__(
        self, sink: AuditSink, *, service: str, clock: Clock, metrics: CollectorRegistry | None = None
    ) -> None:
        self._sink = sink
        self._service = service
        self._clock = clock
        self._queue: deque[tuple[AuditEvent, asyncio.Future[None] | None]] = deque()
        """With a future where somebody awaits the event."""
        self._refusals = RefusalCounts(clock)
        self._wake = asyncio.Event()
        self._batch_size = MAX_BATCH
        self._task = BackgroundTask("audit_trail", self._run)
        self.tasks = (self._task,)
        self.dropped = Counter(
            "audit_events_dropped_total",
            "Audit events that were lost: the queue was full, or the process ended while the registry was away.",
            registry=metrics,
        )

    async def start(self) -> None:
        await self._task.start()

    async def stop(self) -> None:
        """Send what is queued and counted, within `STOP_TIMEOUT_S`; what cannot be sent is counted as dropped."""
        await self._task.stop()
        self.flush_refusals()
        with contextlib.suppress(TimeoutError, Unavailable):
            async with asyncio.timeout(STOP_TIMEOUT_S):
                while self._queue:
                    await self._send()
        if self._queue:
            log.error("audit.events_dropped", count=len(self._queue))
            self.dropped.inc(len(self._queue))

    @property
    def queued(self) -> tuple[AuditEvent, ...]:
        """The events that are not yet known to be durable, oldest first."""
        return tuple(event for event, _ in self._queue)

    def event(self, action: str, *, actor: str = "", **fields: Any) -> AuditEvent:
        """An event of now and of this request, with an id of its own."""
        return AuditEvent(
            id=str(uuid7()),
            action=action,
            actor=actor or f"service:{self._service}",
            at=self._clock.now(),
            request_id=fields.pop("request_id", request_id.get()),
            **fields,
        )

    async def record(self, event: AuditEvent) -> None:
        """Returns when the event is durable; raises `Unavailable` when it is not known to be."""
        if len(self._queue) >= MAX_QUEUED:
            raise Unavailable("the audit trail is full")
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._put(event, future)
        await future

    def note(self, event: AuditEvent) -> None:
        """Queue the event; it is tried until it is durable, but lost when this process is killed first."""
        if len(self._queue) >= MAX_QUEUED:
            self.dropped.inc()
            return
        self._put(event, None)

    def note_refusal(self, event: AuditEvent) -> None:
        """The refusal of a credential that was looked up or verified: a line, or past the bound a count."""
        if self._refusals.admit(event):
            self.note(event)

    def count_refusal(self, *, cause: str, endpoint: str, address: str, logged: bool = False) -> None:
        """The refusal of what names no credential that we know: counted, and logged under the request's id.

        `logged`: the caller's own log line has the cause. Past a bound only the count remains.
        """
        if self._refusals.count(cause=cause, endpoint=endpoint, address=address) and not logged:
            log.info("credential.refused", cause=cause, endpoint=endpoint, remote=address)

    def flush_refusals(self) -> None:
        """Queue the lines with what was counted so far."""
        for members in self._refusals.take():
            self.note(self.event(request_id="", **members))

    def _put(self, event: AuditEvent, future: asyncio.Future[None] | None) -> None:
        self._queue.append((event, future))
        self._wake.set()

    async def _run(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RETRY_INTERVAL_S):
                    await self._wake.wait()
            self._wake.clear()
            if self._refusals.due:
                self.flush_refusals()
            try:
                while self._queue:
                    await self._send()
            except Unavailable as error:
                log.warning("audit.waiting", queued=len(self._queue), detail=error.detail)
                await asyncio.sleep(RETRY_INTERVAL_S)
                self._wake.set()

    async def _send(self) -> None:
        batch = [self._queue.popleft() for _ in range(min(self._batch_size, len(self._queue)))]
        try:
            await self._sink.audit([event for event, _ in batch])
        except asyncio.CancelledError:
            self._queue.extendleft(reversed(batch))
            raise
        except Unavailable as error:
            self._put_back(batch, error.detail)
            raise
        except Exception as error:  # a fault of ours: whichever event it is about must not hold up the others
            log.exception("audit.batch_failed", count=len(batch))
            self._batch_size = 1
            if len(batch) == 1 and batch[0][1] is None:
                self.dropped.inc()
                return
            self._put_back(batch, type(error).__name__)
            return
        for _, future in batch:
            if future is not None and not future.done():
                future.set_result(None)
        if not self._queue:
            self._batch_size = MAX_BATCH

    def _put_back(self, batch: Batch, detail: str) -> None:
        """Those that are awaited fail; the others are sent again, in their order."""
        for _, future in batch:
            if future is not None and not future.done():
                future.set_exception(Unavailable("the audit trail is away", detail=detail))
        self._queue.extendleft(reversed([(event, None) for event, future in batch if future is None]))
