"""Drawings of calls: one bar for each period, divided by outcome."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

OUTCOMES = ("accepted", "refused", "failed")
MIN_BAR_HEIGHT = 2
"""Of what is not nothing, in the drawing's own units."""


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

    def bars(self, periods: Sequence[Mapping[str, int]]) -> Iterator[Bar]:
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
