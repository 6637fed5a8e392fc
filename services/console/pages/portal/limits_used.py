"""Limits, and what of a quota is used."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from services.console.pages.limits import limits_in_words
from services.console.pages.portal.credential_names import Named, named

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


@dataclass(frozen=True, slots=True)
class Called:
    """How much a credential, or a route, was called: by outcome."""

    credential: Named
    route: str
    calls: Mapping[str, int]


def limited(name: str, noun: str, path: str, limits: Mapping[str, Any] | None, used: int | None) -> Limited | None:
    """None for what has no limits. `used`: calls of the day or month that its quota is for; None: not known."""
    words = limits_in_words(limits)
    if not words:
        return None
    quota = (limits or {}).get("quota")
    shown = None if quota is None or used is None else Quota(used, quota["calls"], quota["per"])
    return Limited(name, noun, path, words, shown)


def quota_period(limits: Mapping[str, Any] | None) -> Per | None:
    """None without a quota."""
    quota = (limits or {}).get("quota")
    return None if quota is None else quota["per"]


def starts(now: float) -> dict[Per, str]:
    """Of this day and of this month, in UTC, RFC 3339."""
    today = datetime.fromtimestamp(now, UTC).date().isoformat()
    return {"day": f"{today}T00:00:00Z", "month": f"{today[:8]}01T00:00:00Z"}


def used_of(usage: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Calls that quotas count, and so no refused ones, by the credential's id; those of all together under ""."""
    return {item["credential_id"] or "": item["calls"]["accepted"] + item["calls"]["failed"] for item in usage}


def called(usage: Sequence[Mapping[str, Any]]) -> list[Called]:
    """Of objects of `GET /usage?by=total`, in their order."""
    return [Called(named(item), item["route"] or "", item["calls"]) for item in usage]
