"""What every write leaves behind, in its own transaction.

A line in the change feed and one in the audit trail, and an event where somebody is to be notified.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from services.key_registry.audit_trail.chain import chained
from services.key_registry.audit_trail.ports import TrailEnd
from services.key_registry.catalog.field_types import instant
from services.key_registry.catalog.lifecycle import DONE, in_feed
from services.key_registry.catalog.permissions import Operation
from services.key_registry.catalog.resources import Resource, Row
from services.key_registry.ports.store import Store, Writer
from services.key_registry.recording.events import record_operation
from services.key_registry.recording.expiry_notices import follow_expiry
from shared.clock import Clock
from shared.contracts.key_registry import AuditEvent
from shared.contracts.limits import ObjectLimits
from shared.logging import request_id


class Recorder:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def record(
        self,
        writer: Writer,
        actor: str,
        operation: Operation,
        resource: Resource,
        row: Row,
        detail: Mapping[str, Any] | None = None,
        limits: ObjectLimits | None = None,
    ) -> int:
        """Record that `actor` did `operation`, after which the object is `row`; the position of the change.

        `limits`: for all who enforce them, where they have changed.
        """
        now = self._clock.now()
        id_, owner = str(row["id"]), resource.company_of(row)
        status, until = in_feed(row, instant(now))
        company_id = str(owner) if owner else None
        position = await writer.append_change(resource.kind, id_, status, now, until, company_id, limits)
        shown = resource.show(row)
        event = AuditEvent(
            action=f"{resource.kind}.{DONE[operation]}",
            actor=actor,
            subject_kind=resource.kind,
            subject=id_,
            company_id=company_id,
            request_id=request_id.get(),
            at=now,
            detail={**{name: shown[name] for name in resource.described_by}, **(detail or {})},
        )
        await append(writer, [event])
        await record_operation(writer, operation, resource, row, detail, now)
        await follow_expiry(writer, operation, resource, row, instant(now))
        return position


async def append(writer: Writer, events: Sequence[AuditEvent]) -> None:
    """Add `events` to the end of the audit trail, but for those that are in it already by their ids.

    A sender whose response was lost sends them again, and of two relays of one outbox both may send the same.
    """
    head, written = await writer.audit_head([event.id for event in events if event.id])
    known, new = set(written), []
    for event in events:
        if event.id not in known:
            new.append(event)
            known |= {event.id} - {""}
    if new:
        await writer.append_audit(list(chained(head, new)))


class AuditLog:
    """Where other services' events, and this one's refusals, become lines."""

    def __init__(self, store: Store, end: TrailEnd | None = None) -> None:
        self._store = store
        self._end = end

    async def audit(self, events: Sequence[AuditEvent]) -> None:
        """Returns when the events are durable, all of them or none."""
        if self._end is not None and await self._end.append(events):
            return
        async with self._store.writing(by=None) as writer:
            await append(writer, events)
