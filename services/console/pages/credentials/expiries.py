"""The days on which credentials end, as calendars."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from services.console.pages.credentials.kinds import BY_API_KIND, Kind

CALENDAR_DAYS = 90
"""That are shown, today included."""
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class Cell:
    """A day of the calendar. `shown`: whether it is one of those that are looked at."""

    day: date
    credentials: int
    shown: bool


@dataclass(frozen=True, slots=True)
class Month:
    name: str
    weeks: Sequence[Sequence[Cell | None]]
    """Of seven days each, from Monday on; None: of another month."""


def months_of(days: Sequence[Mapping[str, Any]], today: date) -> list[Month]:
    """Of the objects of `GET /expiries/days`: every month that one of the days is in."""
    counts = {date.fromisoformat(item["day"]): item["credentials"] for item in days}
    shown = {today + timedelta(days=number) for number in range(CALENDAR_DAYS)}
    first = sorted({day.replace(day=1) for day in shown})
    return [Month(f"{month:%B %Y}", _weeks(month, counts, shown)) for month in first]


def _weeks(month: date, counts: Mapping[date, int], shown: set[date]) -> list[list[Cell | None]]:
    monday = month - timedelta(days=month.weekday())
    weeks = []
    while monday <= month or monday.month == month.month:
        days = [monday + timedelta(days=number) for number in range(7)]
        weeks.append(
            [Cell(day, counts.get(day, 0), day in shown) if day.month == month.month else None for day in days]
        )
        monday += timedelta(days=7)
    return weeks


def credentials_of(items: Sequence[Mapping[str, Any]]) -> list[tuple[Kind, Mapping[str, Any]]]:
    """Of the objects of `GET /expiries`, each as the lists of its kind have it."""
    kinds = [(BY_API_KIND[item["kind"]], item) for item in items]
    return [(kind, {**item, kind.named_by[0]: item["name"] or ""}) for kind, item in kinds]
