"""The calls of a week, as a drawing and in words."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from services.console.pages.bars import OUTCOMES, Bar, Calls, Drawing, drawing_in_words, totals_of

DAYS = 7
DRAWING = Drawing(periods=DAYS, height=48, bar=26, step=36)
MAX_CAUSES = 20


@dataclass(frozen=True, slots=True)
class Day:
    day: date
    calls: Calls

    @property
    def total(self) -> int:
        return sum(self.calls.values())


@dataclass(frozen=True, slots=True)
class Week:
    """Seven days in UTC, the oldest first; the last one is today, so far."""

    days: Sequence[Day]
    refusals: Sequence[tuple[str, int]]
    """By cause, the most frequent first."""

    @property
    def totals(self) -> dict[str, int]:
        return totals_of(day.calls for day in self.days)

    @property
    def total(self) -> int:
        return sum(self.totals.values())

    @property
    def highest(self) -> int:
        """The calls of the busiest day, which has the whole height of the drawing."""
        return max((day.total for day in self.days), default=0)

    @property
    def drawing(self) -> Drawing:
        return DRAWING

    def bars(self) -> Iterator[Bar]:
        """Of each day one, divided by outcome."""
        return DRAWING.bars([day.calls for day in self.days])

    @property
    def words(self) -> str:
        """What the drawing shows, for whoever does not see it."""
        return drawing_in_words(f"{DAYS} days", [(f"on {day.day.isoformat()}", day.calls) for day in self.days])


def first_day(now: float) -> date:
    """Of the week that ends with the day of this time."""
    return datetime.fromtimestamp(now, UTC).date() - timedelta(days=DAYS - 1)


def week_of(items: Sequence[Mapping[str, Any]], first: date) -> Week:
    """Of the objects of `GET /usage?by=day`; a day without a call is not among them."""
    calls: dict[date, dict[str, int]] = {first + timedelta(days=n): dict.fromkeys(OUTCOMES, 0) for n in range(DAYS)}
    refusals: dict[str, int] = {}
    for item in items:
        day = calls.get(datetime.fromisoformat(item["period"]).date())
        if day is not None:
            for outcome in OUTCOMES:
                day[outcome] += item["calls"][outcome]
            for cause, number in item["refusals"].items():
                refusals[cause] = refusals.get(cause, 0) + number
    most = sorted(refusals.items(), key=lambda pair: (-pair[1], pair[0]))
    return Week([Day(day, by_outcome) for day, by_outcome in calls.items()], most[:MAX_CAUSES])
