"""What an operator looks at first: the calls of a day, and what to do next."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import quote

from services.console.pages.bars import OUTCOMES, Bar, Calls, Drawing, drawing_in_words, totals_of
from services.console.pages.credentials.kinds import Kind

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
        return drawing_in_words("24 hours", hours)


class Made(NamedTuple):
    name: str
    path: str


class _Needed(NamedTuple):
    """What there has to be for a first call, how it is made, and where."""

    what: str
    words: str
    path: str
    button: str = ""


_NEEDED = (
    _Needed("company", "Create a company: whoever is to call.", "/companies?new=company", "New company"),
    _Needed(
        "application",
        "Create an application: what is called, with its scopes.",
        "/applications?new=application",
        "New application",
    ),
    _Needed("booking", "Book the application for the company, on the company's page.", "/companies"),
    _Needed("credential", "Create a credential for the company, and hand it over.", "/companies"),
)


@dataclass(frozen=True, slots=True)
class Step:
    """One of those that lead to the first call. `path`: where it is taken."""

    words: str
    done: bool
    """Whether it was taken, by anybody."""
    path: str = ""
    button: str = ""
    made: Made | None = None
    """The newest that it has made; None also for what was deleted since."""


def calls_of_day(overview: Mapping[str, Any]) -> CallsOfDay:
    """Of the response of `/overview`; an hour without a call is not among its hours."""
    present = datetime.fromisoformat(overview["as_of"]).replace(minute=0, second=0, microsecond=0)
    known = {datetime.fromisoformat(item["period"]): item for item in overview["hours"]}
    none: Mapping[str, Any] = {"calls": dict.fromkeys(OUTCOMES, 0), "refusals": {}}
    begins = [present - timedelta(hours=number) for number in reversed(range(HOURS))]
    return CallsOfDay([Hour(at, known.get(at, none)["calls"], known.get(at, none)["refusals"]) for at in begins])


def first_steps(there_is: Mapping[str, bool], made: Mapping[str, Made]) -> list[Step]:
    """What leads to the first call, in order; empty once there was one. `made`: the newest of each, where known."""
    if there_is["call"]:
        return []
    steps = [Step(of.words, there_is[of.what], of.path, of.button, made.get(of.what)) for of in _NEEDED]
    return [*steps, Step("See the first call arrive here, some seconds after it was made.", done=False)]


def made_of(
    companies: Sequence[Mapping[str, Any]],
    applications: Sequence[Mapping[str, Any]],
    bookings: Sequence[Mapping[str, Any]],
    credentials: Sequence[tuple[Kind, Mapping[str, Any]]],
) -> dict[str, Made]:
    """The first of each list, which are objects of the admin API."""
    found: dict[str, Made] = {}
    for company in companies[:1]:
        found["company"] = Made(company["name"], _path_of(company))
    for application in applications[:1]:
        path = f"/applications/{quote(application['application_prefix'], safe='')}"
        found["application"] = Made(application["name"], path)
    for booking in bookings[:1]:
        name = f"{booking['application']['name']} for {booking['company']['name']}"
        found["booking"] = Made(name, f"{_path_of(booking['company'])}/booked-applications/{booking['id']}")
    for kind, item in credentials[:1]:
        name = f"{kind.label(item)} of {item['company']['name']}"
        found["credential"] = Made(name, f"{_path_of(item['company'])}/{kind.path}/{item['id']}")
    return found


def _path_of(company: Mapping[str, Any]) -> str:
    return f"/companies/{quote(company['client_prefix'], safe='')}"


def _refused(hours: Sequence[Hour], cause: str) -> int:
    return sum(hour.refusals.get(cause, 0) for hour in hours)
