"""Notices before an expiry: 90, 30, 7 and 1 days, each once, as far as they are ahead when the expiry is set."""

from datetime import datetime, timedelta

from services.key_registry.catalog.expiry import expiry_of
from services.key_registry.catalog.permissions import Operation
from services.key_registry.catalog.resources import Resource, Row
from services.key_registry.ports.events import EventWriter, Expiring, ExpiryNotice

DAYS_BEFORE = (90, 30, 7, 1)


def next_notice(credential: Expiring, now: datetime) -> ExpiryNotice | None:
    """The first that is ahead; None where none is."""
    for days in DAYS_BEFORE:
        due_at = credential.expires_at - timedelta(days=days)
        if due_at > now:
            return ExpiryNotice(credential, days, due_at)
    return None


async def follow_expiry(
    writer: EventWriter, operation: Operation, resource: Resource, row: Row, now: datetime
) -> None:
    """Schedule or cancel the notices of a credential that was created, changed or stopped for good."""
    if operation in (Operation.CREATE, Operation.CHANGE) and "expires_at" in row:
        expires_at = expiry_of(row)
        if expires_at is not None:
            await schedule(writer, Expiring(resource.kind, row["id"], expires_at), now)
        elif operation is Operation.CHANGE:
            await writer.cancel_notice(row["id"])
    elif operation is Operation.REVOKE and "expires_at" in row:
        await writer.cancel_notice(row["id"])


async def schedule(writer: EventWriter, credential: Expiring, now: datetime) -> None:
    notice = next_notice(credential, now)
    if notice is None:
        await writer.cancel_notice(credential.id)
    else:
        await writer.schedule_notice(notice)
