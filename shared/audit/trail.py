"""Sends audit events to the key registry in batches: awaited where nothing may happen without one, else noted."""

import asyncio
import contextlib
from collections import deque
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter
from uuid_utils import uuid7

from shared.audit.awaited import AwaitedLine, AwaitedLines
from shared.audit.delivery import MAX_BATCH, AuditSink, deliver
from shared.audit.mismatch import Mismatch, begins_with
from shared.audit.origin import NOWHERE, NotedRefusal, request_origin
from shared.audit.refusals import RefusalCounts
from shared.audit.stopped import StoppedObject
from shared.background_task import PeriodicTask, TaskOwner
from shared.clock import Clock
from shared.contracts.key_registry import AuditEvent
from shared.errors import Unavailable
from shared.logging import request_id

log = structlog.get_logger()

MAX_NOTED = 10_000
"""Noted events that may wait; one more is dropped and counted."""
RETRY_INTERVAL_S = 1.0
"""Between attempts for events that nobody awaits."""
STOP_TIMEOUT_S = 2.0


class AuditTrail(TaskOwner):
    """`begin` and `record` are for what must not happen without its line; `note` is written as soon as it can be.

    An event whose fate is not known (the response was lost) is sent again under the same id, and written once.
    Awaited and noted events are sent apart: those who await a line wait for no noted one, nor for the pause after a
    failure to send these.
    """

    def __init__(
        self, sink: AuditSink, *, service: str, clock: Clock, metrics: CollectorRegistry | None = None
    ) -> None:
        self._sink = sink
        self._service = service
        self._clock = clock
        self._awaited = AwaitedLines(sink)
        self._noted: deque[AuditEvent] = deque()
        self._refusals = RefusalCounts(clock)
        self._noted_wake = asyncio.Event()
        self._stopped = False
        self.tasks = (
            self._awaited.task,
            PeriodicTask(
                "audit_noted",
                self._send_all_noted,
                interval=RETRY_INTERVAL_S,
                wake=self._noted_wake,
                early_retry=False,
            ),
        )
        self.dropped = Counter(
            "audit_events_dropped_total",
            "Audit events that were lost: the queue was full, the registry rejected them, or it was unavailable "
            "when the process ended.",
            registry=metrics,
        )

    async def start(self) -> None:
        self._stopped = False
        self._awaited.open()
        await super().start()

    async def stop(self) -> None:
        """Send what is queued and counted, within `STOP_TIMEOUT_S`.

        What cannot be sent is counted as dropped when it was noted, and `Unavailable` to who awaits it.
        """
        await super().stop()
        self.flush_refusals()
        with contextlib.suppress(TimeoutError, Unavailable):
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await self._awaited.send_all()
                while self._noted:
                    await self._send_noted()
        self._stopped = True
        self._awaited.close()
        if self._noted:
            log.error("audit.events_dropped", count=len(self._noted))
            self.dropped.inc(len(self._noted))
            self._noted.clear()

    @property
    def queued(self) -> tuple[AuditEvent, ...]:
        """The noted events that are not yet known to be durable, oldest first."""
        return tuple(self._noted)

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

    def begin(self, event: AuditEvent) -> AwaitedLine:
        """Queue the event beforehand, with others that are not awaited yet. Raises `Unavailable`.

        What it is about must not happen before the line is durable.
        """
        return self._awaited.begin(event)

    async def record(self, event: AuditEvent) -> None:
        """Returns when the event is durable; raises `Unavailable` when that is not known in time."""
        await self.begin(event).durable()

    def note(self, event: AuditEvent) -> None:
        """Queue the event; it is tried until it is durable, but lost when this process is killed first."""
        if self._stopped or len(self._noted) >= MAX_NOTED:
            self.dropped.inc()
            return
        self._noted.append(event)
        self._noted_wake.set()

    def note_refusal(
        self, event: AuditEvent, *, mismatch: Mismatch | None = None, stopped: StoppedObject | None = None
    ) -> None:
        """The refusal of a credential that was looked up or verified: a line, or past the bound a count.

        The line has the endpoint and the client's address of the request being served, where it names none.
        """
        if (origin := request_origin.get()) is not NOWHERE:
            cause = str(event.detail.get("cause", ""))
            subject = event.subject_kind, event.subject
            origin.note(NotedRefusal(cause, *subject, event.company_id, mismatch=mismatch, stopped=stopped))
            event = event.model_copy(update={"detail": {**origin.members(), **event.detail}})
        if self._refusals.admit(event):
            self.note(event)

    def count_refusal(
        self,
        *,
        cause: str,
        endpoint: str,
        client: str,
        logged: bool = False,
        mismatch: Mismatch | None = None,
    ) -> None:
        """The refusal of what names no credential that we know: counted, and logged under the request's id.

        `logged`: the caller's own line has the cause. `mismatch`: what it claims to be. Past a bound: a count.
        """
        if (origin := request_origin.get()) is not NOWHERE:
            origin.note(NotedRefusal(cause, mismatch=mismatch))
        if self._refusals.count(cause=cause, endpoint=endpoint, client=client) and not logged:
            reason = {"reason": begins_with(mismatch.prefix)} if mismatch is not None and mismatch.prefix else {}
            log.info("credential.refused", cause=cause, endpoint=endpoint, client=client, **reason)

    def count_service_refusal(self, cause: str) -> None:
        """The refusal of an internal call, which is that of the request being served."""
        origin = request_origin.get()
        self.count_refusal(cause=cause, endpoint=origin.endpoint, client=origin.client(), logged=True)

    def flush_refusals(self) -> None:
        """Queue the lines with what was counted so far."""
        for members in self._refusals.take():
            self.note(self.event(request_id="", **members))

    async def _send_all_noted(self) -> None:
        if self._refusals.due:
            self.flush_refusals()
        while self._noted:
            await self._send_noted()

    async def _send_noted(self) -> None:
        batch = [self._noted.popleft() for _ in range(min(MAX_BATCH, len(self._noted)))]
        try:
            rejected = await deliver(self._sink, batch)
        except (asyncio.CancelledError, Unavailable):
            self._noted.extendleft(reversed(batch))
            raise
        self.dropped.inc(len(rejected))
