"""Drawings of calls: one bar for each period, divided by outcome."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

OUTCOMES = ("accepted", "refused", "failed")
MIN_BAR_HEIGHT = 2
"""What even one call is drawn as, in the drawing's own units."""


Calls = Mapping[str, int]
"""Of one period, by outcome."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle of the drawing."""

    outcome: str
    x: int
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """How large it is, in its own units: `bar` wide, a new one each `step`."""

    periods: int
    height: int
    bar: int
    step: int

    @property
    def width(self) -> int:
        return self.periods * self.step - (self.step - self.bar)

    def bars(self, periods: Sequence[Calls]) -> Iterator[Bar]:
        """Of each period, its calls by outcome; the busiest has the whole height."""
        highest = max((sum(calls.values()) for calls in periods), default=0)
        for number, calls in enumerate(periods):
            y = float(self.height)
            for outcome in OUTCOMES:
                if count := calls[outcome]:
                    room = self.height - (len(OUTCOMES) - 1) * MIN_BAR_HEIGHT
                    height = max(MIN_BAR_HEIGHT, round(count / highest * room, 1))
                    y = round(y - height, 1)
                    yield Bar(outcome, number * self.step, y, height)


def totals_of(periods: Iterable[Calls]) -> dict[str, int]:
    """By outcome."""
    found = dict.fromkeys(OUTCOMES, 0)
    for calls in periods:
        for outcome in OUTCOMES:
            found[outcome] += calls[outcome]
    return found


def drawing_in_words(span: str, periods: Sequence[tuple[str, Calls]]) -> str:
    """What a drawing of `span` shows, for whoever does not see it; each period with when it is."""
    said = ", ".join(
        f"{number:,} {outcome}" for outcome, number in totals_of(calls for _, calls in periods).items()
    )
    when, most = max(((when, sum(calls.values())) for when, calls in periods), key=lambda each: each[1])
    return f"Calls of the last {span}: {said}. The highest: {most:,} {when}."
