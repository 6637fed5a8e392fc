"""Calls as they arrive: of the last hours, by credential and route."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from services.console.pages.kinds import Kind

MAX_ROWS = 12
State = Literal["no_credential", "waiting", "first", "calls"]


@dataclass(frozen=True, slots=True)
class Arrival:
    """Calls with one credential to one route."""

    name: str
    path: str
    """Of the credential's page, below the company's; empty for one that is gone."""
    noun: str
    """Of the kind of the credential."""
    route: str
    last_period: str
    accepted: int
    refused: int
    failed: int


@dataclass(frozen=True, slots=True)
class Arrivals:
    """What a company's calls have come to."""

    state: State
    rows: Sequence[Arrival]
    refused: Sequence[Mapping[str, Any]]
    """The newest refused calls, as the admin API has them."""


def arrivals(
    credentials: Sequence[tuple[Kind, Mapping[str, Any]]],
    usage: Sequence[Mapping[str, Any]],
    refused: Sequence[Mapping[str, Any]],
) -> Arrivals:
    """`usage`: objects of `GET /usage?by=hour&group_by=credential_id,route`."""
    known = {item["id"]: (kind, item) for kind, item in credentials}
    sums: dict[tuple[str, str], dict[str, Any]] = {}
    for entry in usage:
        key = (entry["credential_id"] or "", entry["route"] or "")
        row = sums.setdefault(key, {"accepted": 0, "refused": 0, "failed": 0, "last_period": ""})
        for outcome in ("accepted", "refused", "failed"):
            row[outcome] += entry["calls"][outcome]
        row["last_period"] = max(row["last_period"], entry["period"])
    rows = [_row(known.get(id_), route, row) for (id_, route), row in sums.items()]
    rows.sort(key=lambda row: (row.last_period, row.accepted + row.refused + row.failed), reverse=True)
    return Arrivals(_state(credentials, rows, refused), rows[:MAX_ROWS], refused)


def _state(
    credentials: Sequence[tuple[Kind, Mapping[str, Any]]],
    rows: Sequence[Arrival],
    refused: Sequence[Mapping[str, Any]],
) -> State:
    total = sum(row.accepted + row.refused + row.failed for row in rows) or len(refused)
    if total == 1:
        return "first"
    if total or any(item["last_used_at"] for _, item in credentials):
        return "calls"
    return "waiting" if credentials else "no_credential"


def _row(known: tuple[Kind, Mapping[str, Any]] | None, route: str, sums: Mapping[str, Any]) -> Arrival:
    name = "a credential that is gone" if known is None else known[0].label(known[1])
    path = "" if known is None else f"{known[0].path}/{known[1]['id']}"
    noun = "" if known is None else known[0].noun
    return Arrival(name, path, noun, route, **sums)
