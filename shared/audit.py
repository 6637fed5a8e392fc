"""Sending audit events to the key registry, in batches: awaited where no line means no answer, else queued."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Sequence
from typing import Any, Protocol

import structlog

from shared.clock import Clock
from shared.contracts.key_registry import AuditEvent
from shared.errors import Unavailable
from shared.logging import request_id
from shared.periodic import BackgroundTask

log = structlog.get_logger()

MAX_QUEUED = 10_000
"""Events that may wait; of those that nobody awaits, one more is dropped and counted."""
MAX_BATCH = 500
RETRY = 1.0
"""Seconds between attempts for events that nobody awaits."""


class AuditSink(Protocol):
    async def audit(self, events: Sequence[AuditEvent]) -> None:
        """Returns when the events are durable; raises `Unavailable` when that cannot be known."""
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


class AuditTrail:
    """`record` is for what must not happen without its line; `note` for what is to be told when it can be."""

    def __init__(self, sink: AuditSink, *, service: str, clock: Clock) -> None:
        self._sink = sink
        self._service = service
        self._clock = clock
        self._queue: deque[tuple[AuditEvent, asyncio.Future[None] | None]] = deque()
        self._wake = asyncio.Event()
        self._task = BackgroundTask("audit_trail", self._run)
        self.tasks = (self._task,)
        self.dropped = 0

    async def start(self) -> None:
        await self._task.start()

    async def stop(self) -> None:
        """Send what is queued, within two seconds."""
        await self._task.stop()
        with contextlib.suppress(TimeoutError, Unavailable):
            async with asyncio.timeout(2):
                while self._queue:
                    await self._send()

    def event(self, action: str, *, actor: str = "", **fields: Any) -> AuditEvent:
        """An event of now and of this request."""
        return AuditEvent(
            action=action,
            actor=actor or f"service:{self._service}",
            at=self._clock.now(),
            request_id=request_id.get(),
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
            self.dropped += 1
            return
        self._put(event, None)

    def _put(self, event: AuditEvent, future: asyncio.Future[None] | None) -> None:
        self._queue.append((event, future))
        self._wake.set()

    async def _run(self) -> None:
        while True:
            while self._queue:
                try:
                    await self._send()
                except Unavailable as error:
                    log.warning("audit events wait", queued=len(self._queue), detail=error.detail)
                    await asyncio.sleep(RETRY)
            await self._wake.wait()
            self._wake.clear()

    async def _send(self) -> None:
        batch = [self._queue.popleft() for _ in range(min(MAX_BATCH, len(self._queue)))]
        try:
            await self._sink.audit([event for event, _ in batch])
        except Exception as error:
            detail = error.detail if isinstance(error, Unavailable) else type(error).__name__
            for _, future in batch:
                if future is not None and not future.done():
                    future.set_exception(Unavailable("the audit trail is away", detail=detail))
            self._queue.extendleft(reversed([(e, None) for e, f in batch if f is None]))
            raise
        except asyncio.CancelledError:
            self._queue.extendleft(reversed(batch))
            raise
        for _, future in batch:
            if future is not None and not future.done():
                future.set_result(None)
