"""The periods of quotas: days and months in UTC."""

from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple


class Period(NamedTuple):
    name: str
    """`2026-11-27` or `2026-11`."""
    began_at: float
    ends_at: float
    """Both in seconds since the epoch."""


def period_of(per: Literal["day", "month"], now: float) -> Period:
    """The one that `now`, seconds since the epoch, is in."""
    moment = datetime.fromtimestamp(now, UTC)
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    if per == "day":
        return Period(day.strftime("%Y-%m-%d"), day.timestamp(), (day + timedelta(days=1)).timestamp())
    first = day.replace(day=1)
    next_month = (first + timedelta(days=32)).replace(day=1)
    return Period(day.strftime("%Y-%m"), first.timestamp(), next_month.timestamp())
