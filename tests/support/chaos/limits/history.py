"""Which limits an object has, as far as whoever sets them can know."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from shared.contracts.limits import Limits

Object = dict[str, Any]

LIMITED_KINDS = ("company", "booking", "api_token", "access_key", "api_client", "key_pair")
"""Each kind that can have limits."""
LEVELS = {"company": "company", "booking": "booking"}
"""In the names of policies; all other kinds are credentials."""
DAY_S = 86_400

CHOICES: Mapping[str, Object | None] = {
    "none": None,
    "10 a day": {"quota": {"calls": 10, "per": "day"}},
    "60 a month": {"quota": {"calls": 60, "per": "month"}},
    "plenty a month": {"quota": {"calls": 1_000_000, "per": "month"}},
    "2 a second": {"rate": {"calls": 2, "per_seconds": 1}},
    "30 a minute": {"rate": {"calls": 30, "per_seconds": 60}},
    "20 a second, 60 at once": {"rate": {"calls": 20, "per_seconds": 1, "burst": 60}},
    "plenty a second": {"rate": {"calls": 4000, "per_seconds": 1}},
    "5 a second, 40 a day": {
        "rate": {"calls": 5, "per_seconds": 1},
        "quota": {"calls": 40, "per": "day"},
    },
}
"""What is set. Calls with everything, all the time, are soon beyond all of them but what is plenty."""


@dataclass(frozen=True)
class Bound:
    """One rate or quota: `size` calls at once, of which `per_second` come back; none of a quota do."""

    kind: str
    """`rate` or `quota`."""
    size: int
    per_second: float
    window_s: int

    def policy(self, level: str) -> str:
        """As `RateLimit-Policy` has it."""
        return f'"{level}-{self.kind}";q={self.size};w={self.window_s}'


def bounds(limits: Limits, *, rates_alone: bool) -> tuple[Bound, ...]:
    """`rates_alone`: at a token endpoint."""
    found = []
    if (rate := limits.rate) is not None:
        window_s = math.ceil(rate.burst * rate.per_seconds / rate.calls)
        found.append(Bound("rate", rate.burst, rate.calls / rate.per_seconds, window_s))
    if (quota := limits.quota) is not None and not rates_alone:
        found.append(Bound("quota", quota.calls, 0.0, DAY_S * (1 if quota.per == "day" else 30)))
    return tuple(found)


def limits_of(value: Object | None) -> Limits:
    """As the admin API has them."""
    return Limits() if value is None else Limits.model_validate(value)


@dataclass(eq=False)
class LimitEvent:
    """Limits that were requested; `acked` is None as long as nobody knows whether they were set."""

    limits: Limits
    began: float
    acked: float | None = None


class LimitHistory:
    def __init__(self, at: float) -> None:
        self._events = [LimitEvent(Limits(), at, at)]

    def begin(self, limits: Limits, at: float) -> LimitEvent:
        event = LimitEvent(limits, at)
        self._events.append(event)
        return event

    def refused(self, event: LimitEvent) -> None:
        """They were not set, for certain."""
        self._events.remove(event)

    def resolve(self, limits: Limits, at: float) -> None:
        """What they turned out to be, after changes of which nobody knew whether they were applied."""
        for event in self._events:
            if event.acked is None:
                event.acked = at
        self._events.append(LimitEvent(limits, at, at))

    @property
    def uncertain(self) -> bool:
        return any(event.acked is None for event in self._events)

    @property
    def present(self) -> bool:
        """Whether there may be any."""
        return self.uncertain or not self._events[-1].limits.empty

    def possible(self, until: float, known: Callable[[LimitEvent], bool]) -> list[LimitEvent]:
        """Those that a response of the moment `until` may have gone by; `known`: whether its sender knew them."""
        found: list[LimitEvent] = []
        superseded = False
        for event in reversed(self._events):
            if event.began > until:
                continue
            if not superseded or event.acked is None:
                found.append(event)
            superseded = superseded or known(event)
        return found
