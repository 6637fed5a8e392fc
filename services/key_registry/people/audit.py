"""What the audit trail says of people: by ids alone, for the trail outlives what is known of somebody."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from services.key_registry.catalog.field_types import id_text
from services.key_registry.ports.store import Writer
from services.key_registry.recording.recorder import append
from shared.contracts.key_registry import AuditEvent
from shared.logging import request_id


async def record(
    writer: Writer,
    actor: str,
    action: str,
    subject: UUID,
    company_id: UUID | None,
    at: datetime,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """`action` as in `person.suspended`: the kind of the subject first."""
    event = AuditEvent(
        action=action,
        actor=actor,
        subject_kind=action.partition(".")[0],
        subject=str(subject),
        company_id=id_text(company_id),
        request_id=request_id.get(),
        at=at.timestamp(),
        detail=dict(detail or {}),
    )
    await append(writer, [event])
