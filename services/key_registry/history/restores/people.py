"""Holds closed what a restore has brought back of people and webhooks, which are in no change feed.

A person who was changed after the dump (role, password, status) is suspended, and a webhook is disabled, until an
operator has looked. Sessions, open invitations and password resets end, whatever is known of them: people sign in
again.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from services.key_registry.catalog.field_types import id_text, instant
from services.key_registry.history.ports import RecoveryWriter
from services.key_registry.history.records import StateRecord
from services.key_registry.history.restores.stopped_again import ACTOR, StoppedAgain
from services.key_registry.recording.recorder import append
from shared.contracts.key_registry import AuditEvent

REASON = "changed after the dump that was restored"


async def hold_people(writer: RecoveryWriter, records: Iterable[StateRecord], now: float) -> Sequence[StoppedAgain]:
    """In the transaction of `writer`. Done again, it changes nothing."""
    held: list[StoppedAgain] = []
    for record in records:
        if record.kind not in ("person", "webhook"):
            continue
        changed, at = None if record.rights is None else float(record.rights), instant(now)
        if record.kind == "person":
            status = "revoked" if record.state == "revoked" else "suspended"
            if (found := await writer.hold_person(record.id, changed, status, at)) is not None:
                await append(writer, [_event(f"person.{status}", record, found[0], now, {})])
                held.append(StoppedAgain("person", record.id, f"person_{status}"))
        elif (found := await writer.hold_webhook(record.id, changed, at)) is not None:
            await append(writer, [_event("webhook.changed", record, found[0], now, {"enabled": False})])
            held.append(StoppedAgain("webhook", record.id, "webhook_disabled"))
    return held


def _event(
    action: str, record: StateRecord, company_id: UUID | None, now: float, detail: Mapping[str, Any]
) -> AuditEvent:
    return AuditEvent(
        action=action,
        actor=ACTOR,
        subject_kind=record.kind,
        subject=record.id,
        company_id=id_text(company_id),
        at=now,
        detail={**detail, "reason": REASON},
    )
