"""What the audit trail says of people: by ids alone, for the trail outlives what is known of somebody."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from services.key_registry.admin.recorder import append
from services.key_registry.people.ports import Person
from services.key_registry.storage.ports import Writer
from shared.audit.trail import AuditTrail
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
        company_id=str(company_id) if company_id else None,
        request_id=request_id.get(),
        at=at.timestamp(),
        detail=dict(detail or {}),
    )
    await append(writer, [event])


def sign_in_refusal(trail: AuditTrail, person: Person, cause: str) -> AuditEvent:
    """Of a person who is known, by whichever way they came; `cause` is never shown to them."""
    return trail.event(
        "person.sign_in_refused",
        actor="anonymous",
        subject_kind="person",
        subject=str(person.id),
        company_id=str(person.company_id) if person.company_id else None,
        detail={"cause": cause, "status": person.status},
    )
