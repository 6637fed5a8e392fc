"""Notices before an expiry: 90, 30, 7 and 1 days, each once, as far as they are ahead when the expiry is set."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from services.key_registry.catalog.expiry import expiry_of
from services.key_registry.catalog.field_types import format_instant, instant
from services.key_registry.catalog.permissions import Operation
from services.key_registry.catalog.resources import RESOURCES, Resource, Row
from services.key_registry.ports.events import EventWriter, Expiring, ExpiryNotice
from services.key_registry.ports.store import Store, Writer
from services.key_registry.recording.events import data_of, record
from shared.background_task import PeriodicTask, TaskOwner
from shared.clock import Clock

DAYS_BEFORE = (90, 30, 7, 1)
INTERVAL_S = 2.0
AT_ONCE = 100
"""Credentials whose notices are written or scheduled in one transaction."""


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
            await _schedule(writer, Expiring(resource.kind, row["id"], expires_at), now)
        elif operation is Operation.CHANGE:
            await writer.cancel_notice(row["id"])
    elif operation is Operation.REVOKE and "expires_at" in row:
        await writer.cancel_notice(row["id"])


class ExpiryNotices(TaskOwner):
    """Writes what is due. Of several processes one does: who may write reads again what is due."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._all_scheduled = False
        self.tasks = (PeriodicTask("expiry_notices", self.announce, interval=INTERVAL_S),)

    async def announce(self) -> None:
        """Raises `Unavailable`; then the next round goes on."""
        while not self._all_scheduled:
            self._all_scheduled = await self._schedule_missing()
        while await self._write_due():
            pass

    async def _schedule_missing(self) -> bool:
        """What a release before this one has created, a part at a time. True once nothing is left."""
        after = instant(self._clock.now()) + timedelta(days=min(DAYS_BEFORE))
        async with self._store.reading() as reader:
            if not await reader.unscheduled(after, 1):
                return True
        async with self._store.writing(by=None) as writer:
            now = instant(self._clock.now())
            found = await writer.unscheduled(after, AT_ONCE)
            for credential in found:
                await _schedule(writer, credential, now)
        return len(found) < AT_ONCE

    async def _write_due(self) -> bool:
        """Whether there may be more."""
        async with self._store.reading() as reader:
            if not await reader.due_notices(instant(self._clock.now()), 1):
                return False
        async with self._store.writing(by=None) as writer:
            now = instant(self._clock.now())
            due = await writer.due_notices(now, AT_ONCE)
            for notice in due:
                await _write(writer, notice, now)
        return len(due) == AT_ONCE


async def _schedule(writer: EventWriter, credential: Expiring, now: datetime) -> None:
    notice = next_notice(credential, now)
    if notice is None:
        await writer.cancel_notice(credential.id)
    else:
        await writer.schedule_notice(notice)


async def _write(writer: Writer, notice: ExpiryNotice, now: datetime) -> None:
    """Write the notice and schedule the next. Where several were missed, as by an outage, the last one counts."""
    resource = RESOURCES[notice.credential.kind]
    row = await writer.find(resource, notice.credential.id)
    expires_at = None if row is None else expiry_of(row)
    if row is None or expires_at is None or row["status"] == "revoked":
        await writer.cancel_notice(notice.credential.id)
        return
    credential = Expiring(resource.kind, row["id"], expires_at)
    if expires_at == notice.credential.expires_at and expires_at > now:
        days = min(_passed(credential, now))
        owner = resource.company_of(row)
        await record(
            writer,
            "credential.expiring",
            at=now.timestamp(),
            company_id=str(owner) if owner else None,
            data={**data_of(resource, row), "expires_at": format_instant(expires_at), "days_left": days},
            once=f"expiring:{row['id']}:{expires_at.timestamp():.6f}:{days}",
        )
    await _schedule(writer, credential, now)


def _passed(credential: Expiring, now: datetime) -> Iterator[int]:
    return (days for days in DAYS_BEFORE if credential.expires_at - timedelta(days=days) <= now)
