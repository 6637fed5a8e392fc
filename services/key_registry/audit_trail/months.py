"""Keeps a partition of the audit trail ready for this month and for the next."""

from datetime import UTC, date, datetime
from typing import Protocol

from services.key_registry.audit_trail.ports import Months
from shared.background_task import PeriodicTask, TaskOwner

MONTHS_INTERVAL_S = 600.0


class TrustedClock(Protocol):
    async def time(self) -> float:
        """Seconds since the epoch. Raises `Unavailable` when it cannot be known."""
        ...


class MonthUpkeep(TaskOwner):
    """Until there is a partition for a month, its lines are written to the one before: nothing waits for this."""

    def __init__(self, months: Months, clock: TrustedClock) -> None:
        self._months = months
        self._clock = clock
        self.tasks = (PeriodicTask("audit_months", self.prepare, interval=MONTHS_INTERVAL_S),)

    async def prepare(self) -> None:
        month = month_of(await self._clock.time())
        await self._months.prepare(month, following(month))


def month_of(at: float) -> date:
    """The first day of the month (UTC) of this time, in seconds since the epoch."""
    return datetime.fromtimestamp(at, UTC).date().replace(day=1)


def following(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def months_before(month: date, count: int) -> date:
    """The month that is so many months earlier."""
    number = month.year * 12 + month.month - 1 - count
    return date(number // 12, number % 12 + 1, 1)
