"""Relays the audit events that were kept with their sessions to the key registry."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence

import structlog

from services.session_tokens.storage.ports import Outbox
from shared.audit.delivery import MAX_BATCH, AuditSink, deliver
from shared.background_task import PeriodicTask
from shared.contracts.key_registry import AuditEvent
from shared.errors import Unavailable

log = structlog.get_logger()

INTERVAL_S = 1.0
"""Between rounds when nothing wakes the relay, and after a failure."""
GATHERING_S = 0.05
"""Seconds that the relay waits once it is woken: an event is safe where it is, and many together cost little."""
GATHERING_S_PER_EVENT = 0.004
MAX_GATHERING_S = 0.25
"""So much longer it waits after a round of many, by their number, but no longer than this in all."""
OVERDUE_AFTER_S = 30.0
"""Age of an event from which on health names the outbox."""
STOP_TIMEOUT_S = 2.0


class OutboxRelay:
    """An event leaves the outbox once the registry has it, which writes each once: by its id.

    So a batch whose response was lost, a copy that was killed in between and two copies at once are harmless.
    `report_length` is called with the number of events in the outbox, `report_lost` with that of those that were
    unreadable or that the registry rejected, which hold up no others.
    """

    def __init__(
        self,
        outbox: Outbox,
        sink: AuditSink,
        *,
        report_length: Callable[[int], None],
        report_lost: Callable[[int], None],
    ) -> None:
        self._outbox = outbox
        self._sink = sink
        self._report_length = report_length
        self._report_lost = report_lost
        self._wake = asyncio.Event()
        self._gathering_s = GATHERING_S
        self.tasks = (
            PeriodicTask("audit_outbox", self._gather, interval=INTERVAL_S, wake=self._wake, early_retry=False),
        )

    async def check(self) -> None:
        """Raises `Unavailable` while an event has waited for more than `OVERDUE_AFTER_S`, whichever copy relays."""
        if (age := await self._outbox.oldest_age()) > OVERDUE_AFTER_S:
            raise Unavailable(f"audit events have been waiting for {age:.0f} s")

    def wake(self) -> None:
        """There is something in the outbox."""
        self._wake.set()

    async def start(self) -> None:
        await self.tasks[0].start()

    async def stop(self) -> None:
        """Relay what is there within `STOP_TIMEOUT_S`; the rest is relayed by another copy, or the next."""
        await self.tasks[0].stop()
        with contextlib.suppress(TimeoutError, Unavailable):
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await self.relay()

    async def _gather(self) -> None:
        await asyncio.sleep(self._gathering_s)
        longer = await self.relay() * GATHERING_S_PER_EVENT
        self._gathering_s = min(GATHERING_S + longer, MAX_GATHERING_S)

    async def relay(self) -> int:
        """Relay what is in the outbox; how many events it was. Raises `Unavailable`."""
        relayed, entries = 0, await self._outbox.take(MAX_BATCH)
        while entries:
            await self._relay(entries)
            relayed += len(entries)
            full = len(entries) == MAX_BATCH
            entries = await self._outbox.take(MAX_BATCH) if full else ()  # what came since has woken the next round
        self._report_length(await self._outbox.length())
        return relayed

    async def _relay(self, entries: Sequence[tuple[str, AuditEvent | None]]) -> None:
        events = [event for _, event in entries if event is not None]
        rejected = await deliver(self._sink, events) if events else ()
        await self._outbox.remove([id_ for id_, _ in entries])  # before they are counted: else it is each round
        if unreadable := len(entries) - len(events):
            log.error("audit_outbox.unreadable", count=unreadable)
        if lost := len(rejected) + unreadable:
            self._report_lost(lost)
