"""The calls of seven days of one credential, as small as a word."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.console.pages.bars import Drawing

DRAWING = Drawing(periods=7, height=20, bar=6, step=8)


@dataclass(frozen=True, slots=True)
class Sparkline:
    days: Sequence[Mapping[str, int]]
    """Calls by outcome, the oldest day first; the last one is today, so far."""

    @property
    def drawing(self) -> Drawing:
        return DRAWING

    @property
    def paths(self) -> Mapping[str, str]:
        """Of each outcome that there is, its bars as one path: a list has very many of them."""
        found: dict[str, str] = {}
        for bar in DRAWING.bars(self.days):
            drawn = f"M{bar.x} {bar.y:g}h{DRAWING.bar}v{bar.height:g}h-{DRAWING.bar}z"
            found[bar.outcome] = found.get(bar.outcome, "") + drawn
        return found

    @property
    def total(self) -> int:
        return sum(self._totals)

    @property
    def words(self) -> str:
        """What the drawing shows, for whoever does not see it."""
        return f"Calls by day, the oldest first: {', '.join(f'{total:,}' for total in self._totals)}"

    @property
    def _totals(self) -> list[int]:
        return [sum(day.values()) for day in self.days]


def sparklines_of(items: Sequence[Mapping[str, Any]]) -> dict[str, Sparkline]:
    """Of the objects of `GET /usage/credentials`, by the id of the credential."""
    return {item["credential_id"]: Sparkline(item["days"]) for item in items}
