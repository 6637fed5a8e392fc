"""Calls as they arrive: of the last hours, by credential and route."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from services.console.pages.portal.credential_names import Named, named

MAX_ROWS = 12
State = Literal["nothing_booked", "no_credential", "stopped", "no_scopes", "waiting", "first", "calls"]


@dataclass(frozen=True, slots=True)
class Arrival:
    """Calls with one credential to one route."""

    credential: Named
    route: str
    last_period: str
    accepted: int
    refused: int
    failed: int


@dataclass(frozen=True, slots=True)
class Arrivals:
    """What a company's calls have come to in the last hours."""

    state: State
    rows: Sequence[Arrival] = ()
    refused: Sequence[Mapping[str, Any]] = ()
    """The newest refused calls, as the admin API has them."""
    more: bool = False
    """Whether there are calls that are in none of the rows."""
    idle: bool = True
    """Whether no call was accepted in the last hour that has calls: then no credential may work."""
    only_refused: bool = False
    lacks: State | None = None
    """What has to be done before a call can be accepted again, of a company that has called."""


def arrivals(
    usage: Sequence[Mapping[str, Any]], refused: Sequence[Mapping[str, Any]], *, more: bool = False
) -> Arrivals:
    """Of some calls. `usage`: objects of `GET /usage?by=hour&group_by=credential_id,route`, the newest where there
    are `more`."""
    sums: dict[tuple[str, str], dict[str, Any]] = {}
    names: dict[str, Named] = {}
    for entry in usage:
        id_, route = entry["credential_id"] or "", entry["route"] or ""
        names[id_] = named(entry)
        row = sums.setdefault((id_, route), {"accepted": 0, "refused": 0, "failed": 0, "last_period": ""})
        for outcome in ("accepted", "refused", "failed"):
            row[outcome] += entry["calls"][outcome]
        row["last_period"] = max(row["last_period"], entry["period"])
    rows = [Arrival(names[id_], route, **row) for (id_, route), row in sums.items()]
    rows.sort(key=lambda row: (row.last_period, _total(row)), reverse=True)
    calls = sum(map(_total, rows)) or len(refused)
    last = max((entry["period"] for entry in usage), default="")
    return Arrivals(
        "first" if calls == 1 else "calls",
        rows[:MAX_ROWS],
        refused,
        more or len(rows) > MAX_ROWS,
        idle=not any(entry["calls"]["accepted"] for entry in usage if entry["period"] == last),
        only_refused=calls > 0 and not any(row.accepted or row.failed for row in rows),
    )


def _total(row: Arrival) -> int:
    return row.accepted + row.refused + row.failed
