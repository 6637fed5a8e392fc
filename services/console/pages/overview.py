"""What an operator looks at first: the calls of a day, and what to do next."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.console.pages.bars import OUTCOMES, Bar, Calls, Drawing, in_words, totals_of

HOURS = 25
"""That are drawn: the last 24, and the present one."""
LATEST_HOURS = 2
"""The present one and the one before: between one and two hours."""
DRAWING = Drawing(periods=HOURS, height=64, bar=14, step=18)
MAX_CAUSES = 12


@dataclass(frozen=True, slots=True)
class Hour:
    begins: datetime
    calls: Calls
    refusals: Mapping[str, int]
    """By cause."""

    @property
    def total(self) -> int:
        return sum(self.calls.values())


@dataclass(frozen=True, slots=True)
class CallsOfDay:
    """Hours in UTC, the oldest first; the last one is the present one, so far."""

    hours: Sequence[Hour]

    @property
    def drawing(self) -> Drawing:
        return DRAWING

    def bars(self) -> Iterator[Bar]:
        return DRAWING.bars([hour.calls for hour in self.hours])

    @property
    def total(self) -> int:
        return sum(hour.total for hour in self.hours)

    @property
    def periods(self) -> list[tuple[str, Calls]]:
        """The numbers of the latest hours, and of all of them."""
        since = f"Since {self.hours[-LATEST_HOURS].begins:%H:%M} UTC"
        calls = [hour.calls for hour in self.hours]
        return [(since, totals_of(calls[-LATEST_HOURS:])), ("24 hours", totals_of(calls))]

    @property
    def refusals(self) -> list[tuple[str, int, int]]:
        """By cause: those of the latest hours, and all of them; the most frequent first."""
        causes = {cause for hour in self.hours for cause in hour.refusals}
        latest = self.hours[-LATEST_HOURS:]
        counted = [(cause, _refused(latest, cause), _refused(self.hours, cause)) for cause in causes]
        return sorted(counted, key=lambda each: (-each[2], each[0]))[:MAX_CAUSES]

    @property
    def words(self) -> str:
        """What the drawing shows, for whoever does not see it."""
        hours = [(f"in the hour from {hour.begins:%H:%M} UTC", hour.calls) for hour in self.hours]
        return in_words("24 hours", hours)


@dataclass(frozen=True, slots=True)
class Step:
    """One of those that lead to the first call. `done`: it was taken. `path`: where it is taken."""

    words: str
    done: bool
    path: str = ""
    button: str = ""


def calls_of_day(overview: Mapping[str, Any]) -> CallsOfDay:
    """Of the response of `/overview`; an hour without a call is not among its hours."""
    present = datetime.fromisoformat(overview["as_of"]).replace(minute=0, second=0, microsecond=0)
    known = {datetime.fromisoformat(item["period"]): item for item in overview["hours"]}
    none: Mapping[str, Any] = {"calls": dict.fromkeys(OUTCOMES, 0), "refusals": {}}
    begins = [present - timedelta(hours=number) for number in reversed(range(HOURS))]
    return CallsOfDay([Hour(at, known.get(at, none)["calls"], known.get(at, none)["refusals"]) for at in begins])


def first_steps(there_is: Mapping[str, bool]) -> list[Step]:
    """What leads to the first call, in order; empty once there was one."""
    if there_is["call"]:
        return []
    return [
        Step("Create a company: whoever is to call.", there_is["company"], "/companies?new=company", "New company"),
        Step(
            "Create an application: what is called, with its scopes.",
            there_is["application"],
            "/applications?new=application",
            "New application",
        ),
        Step("Book the application for the company, on the company's page.", there_is["booking"], "/companies"),
        Step("Create a credential for the company, and hand it over.", there_is["credential"], "/companies"),
        Step("See the first call arrive here, some seconds after it was made.", done=False),
    ]


def _refused(hours: Sequence[Hour], cause: str) -> int:
    return sum(hour.refusals.get(cause, 0) for hour in hours)
