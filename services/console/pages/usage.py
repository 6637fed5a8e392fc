"""The calls of a week, as a drawing and in words."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

DAYS = 7
OUTCOMES = ("accepted", "refused", "failed")
HEIGHT, BAR, STEP = 48, 26, 36
"""Of the drawing, in its own units."""
MIN_BAR_HEIGHT = 2
"""Of what is not nothing."""
MAX_CAUSES = 20


@dataclass(frozen=True, slots=True)
class Day:
    day: date
    calls: Mapping[str, int]
    """By outcome."""

    @property
    def total(self) -> int:
        return sum(self.calls.values())


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle of the drawing."""

    outcome: str
    x: int
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Week:
    """Seven days in UTC, the oldest first; the last one is today, so far."""

    days: Sequence[Day]
    refusals: Sequence[tuple[str, int]]
    """By cause, the most frequent first."""

    @property
    def totals(self) -> dict[str, int]:
        return {outcome: sum(day.calls[outcome] for day in self.days) for outcome in OUTCOMES}

    @property
    def total(self) -> int:
        return sum(self.totals.values())

    @property
    def width(self) -> int:
        return DAYS * STEP - (STEP - BAR)

    @property
    def height(self) -> int:
        return HEIGHT

    def bars(self) -> Iterator[Bar]:
        """Of each day one bar, divided by outcome; the busiest day has the whole height."""
        highest = max((day.total for day in self.days), default=0)
        for number, day in enumerate(self.days):
            y = float(HEIGHT)
            for outcome in OUTCOMES:
                if calls := day.calls[outcome]:
                    height = max(MIN_BAR_HEIGHT, round(calls / highest * (HEIGHT - 2 * MIN_BAR_HEIGHT), 1))
                    y = round(y - height, 1)
                    yield Bar(outcome, number * STEP, y, height)

    @property
    def words(self) -> str:
        """What the drawing shows, for whoever does not see it."""
        said = ", ".join(f"{number:,} {outcome}" for outcome, number in self.totals.items())
        busiest = max(self.days, key=lambda day: day.total)
        return (
            f"Calls of the last {DAYS} days: {said}. Most of them on {busiest.day.isoformat()}: {busiest.total:,}."
        )


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
