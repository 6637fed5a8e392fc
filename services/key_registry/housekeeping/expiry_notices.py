"""Writes the notices before an expiry that are due, and schedules the next."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from services.key_registry.catalog.expiry import expiry_of
from services.key_registry.catalog.field_types import format_instant, instant
from services.key_registry.catalog.resources import RESOURCES
from services.key_registry.ports.events import Expiring, ExpiryNotice
from services.key_registry.ports.store import Store, Writer
from services.key_registry.recording.events import data_of, record
from services.key_registry.recording.expiry_notices import DAYS_BEFORE, schedule
from shared.background_task import PeriodicTask, TaskOwner
from shared.clock import Clock

INTERVAL_S = 2.0
AT_ONCE = 100
"""Credentials whose notices are written or scheduled in one transaction."""


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
                await schedule(writer, credential, now)
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
    await schedule(writer, credential, now)


def _passed(credential: Expiring, now: datetime) -> Iterator[int]:
    return (days for days in DAYS_BEFORE if credential.expires_at - timedelta(days=days) <= now)
