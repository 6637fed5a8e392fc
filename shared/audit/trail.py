"""Sends audit events to the key registry in batches: awaited where nothing may happen without one, else noted."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Iterable
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter
from uuid_utils import uuid7

from shared.audit.delivery import AuditSink, deliver
from shared.audit.mismatch import Mismatch, begins_with
from shared.audit.origin import NOWHERE, NotedRefusal, request_origin
from shared.audit.refusals import RefusalCounts
from shared.background_task import BackgroundTask, PeriodicTask
from shared.clock import Clock
from shared.contracts.key_registry import AuditEvent
from shared.errors import Unavailable
from shared.logging import request_id
from shared.waiting.shared_timeout import SharedTimeout

log = structlog.get_logger()

MAX_AWAITED = 10_000
"""Awaited events that may wait; one more is `Unavailable`."""
MAX_NOTED = 10_000
"""Noted events that may wait; one more is dropped and counted."""
MAX_BATCH = 500
GATHERING_S_PER_EVENT = 0.003
MAX_GATHERING_S = 0.025
"""Seconds between two batches of awaited events, by the number of those in the first: where many come at a time,
one batch a moment later serves them all, at a fraction of the cost. Those that come one by one wait for nothing."""
AWAITED_S = 0.95
"""Seconds in which an awaited event must be durable."""
RETRY_INTERVAL_S = 1.0
"""Between attempts for events that nobody awaits."""
STOP_TIMEOUT_S = 2.0


class AuditTrail:
    """`record` is for what must not happen without its line; `note` for what is written as soon as it can be.

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
        self._awaited: deque[tuple[AuditEvent, asyncio.Future[None]]] = deque()
        self._awaited_timeout = SharedTimeout(
            AWAITED_S, lambda: Unavailable("the audit trail does not respond", detail="timeout")
        )
        self._noted: deque[AuditEvent] = deque()
        self._refusals = RefusalCounts(clock)
        self._awaited_wake = asyncio.Event()
        self._noted_wake = asyncio.Event()
        self._stopped = False
        self.tasks = (
            BackgroundTask("audit_awaited", self._run_awaited),
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
        for task in self.tasks:
            await task.start()

    async def stop(self) -> None:
        """Send what is queued and counted, within `STOP_TIMEOUT_S`.

        What cannot be sent is counted as dropped when it was noted, and `Unavailable` to who awaits it.
        """
        for task in self.tasks:
            await task.stop()
        self.flush_refusals()
        with contextlib.suppress(TimeoutError, Unavailable):
            async with asyncio.timeout(STOP_TIMEOUT_S):
                while self._awaited:
                    await self._send_awaited()
                while self._noted:
                    await self._send_noted()
        self._stopped = True
        _fail(self._awaited, "the process ends")
        self._awaited.clear()
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

    async def record(self, event: AuditEvent) -> None:
        """Returns when the event is durable; raises `Unavailable` when it is not known to be, in `AWAITED_S`."""
        if self._stopped or len(self._awaited) >= MAX_AWAITED:
            raise Unavailable(
                "the audit trail is unavailable", detail="stopped" if self._stopped else "too many events wait"
            )
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._awaited.append((event, future))
        self._awaited_timeout.add(future)
        self._awaited_wake.set()
        await future

    def note(self, event: AuditEvent) -> None:
        """Queue the event; it is tried until it is durable, but lost when this process is killed first."""
        if self._stopped or len(self._noted) >= MAX_NOTED:
            self.dropped.inc()
            return
        self._noted.append(event)
        self._noted_wake.set()

    def note_refusal(self, event: AuditEvent, *, mismatch: Mismatch | None = None) -> None:
        """The refusal of a credential that was looked up or verified: a line, or past the bound a count.

        The line has the endpoint and the client's address of the request being served, where it names none.
        """
        if (origin := request_origin.get()) is not NOWHERE:
            cause = str(event.detail.get("cause", ""))
            origin.note(NotedRefusal(cause, event.subject_kind, event.subject, event.company_id, mismatch))
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

    async def _run_awaited(self) -> None:
        while True:
            while self._awaited:  # also what was put back when this was ended in the middle
                with contextlib.suppress(Unavailable):  # whoever awaits an event of the batch has it
                    sent = await self._send_awaited()
                    if sent > 1:
                        await asyncio.sleep(min(sent * GATHERING_S_PER_EVENT, MAX_GATHERING_S))
            await self._awaited_wake.wait()
            self._awaited_wake.clear()

    async def _send_all_noted(self) -> None:
        if self._refusals.due:
            self.flush_refusals()
        while self._noted:
            await self._send_noted()

    async def _send_awaited(self) -> int:
        """How many they were."""
        batch = [self._awaited.popleft() for _ in range(min(MAX_BATCH, len(self._awaited)))]
        try:
            rejected = await deliver(self._sink, [event for event, _ in batch])
        except asyncio.CancelledError:
            self._awaited.extendleft(reversed(batch))
            raise
        except Unavailable as error:
            _fail(batch, error.detail)
            raise
        identities = {id(event) for event in rejected}
        _fail(((event, f) for event, f in batch if id(event) in identities), "the event was rejected")
        for _, future in batch:
            if not future.done():
                future.set_result(None)
        return len(batch)

    async def _send_noted(self) -> None:
        batch = [self._noted.popleft() for _ in range(min(MAX_BATCH, len(self._noted)))]
        try:
            rejected = await deliver(self._sink, batch)
        except (asyncio.CancelledError, Unavailable):
            self._noted.extendleft(reversed(batch))
            raise
        self.dropped.inc(len(rejected))


def _fail(awaited: Iterable[tuple[AuditEvent, asyncio.Future[None]]], detail: str) -> None:
    for _, future in awaited:
        if not future.done():
            future.set_exception(Unavailable("the audit trail is unavailable", detail=detail))
