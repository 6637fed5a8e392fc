"""Limits, and what of a quota is used."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from services.console.pages.limits import limits_in_words

Per = Literal["day", "month"]


@dataclass(frozen=True, slots=True)
class Quota:
    used: int
    """As far as it is counted: calls of the last seconds may not be among them."""
    calls: int
    per: Per

    @property
    def percent(self) -> int:
        """At most 100."""
        return min(100, self.used * 100 // self.calls)


@dataclass(frozen=True, slots=True)
class Limited:
    """What has limits of its own: the company, a booking or a credential."""

    name: str
    noun: str
    path: str
    """Of its page, from the root."""
    words: Sequence[tuple[str, str]]
    quota: Quota | None


def limited(
    name: str, noun: str, path: str, limits: Mapping[str, Any] | None, used: Mapping[Per, int] | None
) -> Limited | None:
    """None for what has no limits. `used`: accepted calls of this day and month; None: not known of it."""
    words = limits_in_words(limits)
    if not words:
        return None
    quota = (limits or {}).get("quota")
    shown = None if quota is None or used is None else Quota(used[quota["per"]], quota["calls"], quota["per"])
    return Limited(name, noun, path, words, shown)


def starts(now: float) -> dict[Per, str]:
    """Of this day and of this month, in UTC, RFC 3339."""
    today = datetime.fromtimestamp(now, UTC).date().isoformat()
    return {"day": f"{today}T00:00:00Z", "month": f"{today[:8]}01T00:00:00Z"}


def used_by(usage: Mapping[Per, Sequence[Mapping[str, Any]]]) -> dict[str, dict[Per, int]]:
    """Accepted calls by the credential's id; of the whole company under ""."""
    found: dict[str, dict[Per, int]] = {"": {"day": 0, "month": 0}}
    for per, items in usage.items():
        for item in items:
            calls = item["calls"]["accepted"] + item["calls"]["failed"]
            of_credential = found.setdefault(item["credential_id"] or "?", {"day": 0, "month": 0})
            of_credential[per] += calls
            found[""][per] += calls
    return found


def most_called(items: Sequence[Mapping[str, Any]], member: str, limit: int) -> list[tuple[str, dict[str, int]]]:
    """The values of `member` (a credential's id, or a route) with their calls by outcome, the busiest first."""
    sums: dict[str, dict[str, int]] = {}
    for item in items:
        row = sums.setdefault(item[member] or "", {"accepted": 0, "refused": 0, "failed": 0})
        for outcome in row:
            row[outcome] += item["calls"][outcome]
    return sorted(sums.items(), key=lambda pair: (-sum(pair[1].values()), pair[0]))[:limit]
