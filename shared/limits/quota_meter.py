"""A quota, as it is counted in this process: all that it has and owes belongs to one day or month."""

import math
from typing import Literal

from shared.clock import Clock
from shared.contracts.limits import Quota
from shared.limits.exceeded import LimitCause
from shared.limits.gcra import Gcra
from shared.limits.meters import Meter
from shared.limits.periods import Period, period_of
from shared.limits.renewals import Renewal

QUOTA_CREDIT_PARTS = 200
"""What is held by processes while a quota ends is refused to others: it is at most this part of it."""


class QuotaMeter(Meter):
    __slots__ = ("_asked_in", "_left_s", "_over_at", "_period", "_turned_to", "kind", "known_in", "per")

    def __init__(self, kind: str, key: str, label: str, limit: str, quota: Quota) -> None:
        days = 1 if quota.per == "day" else 30
        super().__init__(f"{key}:quota", label, limit, LimitCause.QUOTA_EXCEEDED, quota.calls, days * 86400)
        self.kind = kind
        """Of the object."""
        self.per: Literal["day", "month"] = quota.per
        self._period = Period("", 0.0, 0.0)
        self._asked_in = ""
        self.known_in = ""
        """The period that `available` is of."""
        self._left_s = 0.0
        """Seconds from the last question until the end of its period."""
        self._over_at = 0.0
        """On the monotonic clock: when the period that `available` is of ends."""
        self._turned_to = ""
        """The period that credit, and all that is owed, is of."""

    def _period_at(self, now: float) -> Period:
        if not self._period.began_at <= now < self._period.ends_at:
            self._period = period_of(self.per, now)
        return self._period

    def turn(self, now: float) -> None:
        period = self._period_at(now).name
        if period == self._turned_to:
            return
        if self._turned_to:
            self.owed = self.base = self.credit = 0
            self.local, self.available, self.known_in = None, None, ""
        self._turned_to = period

    def arguments(self, now: float) -> tuple[str, tuple[object, ...]]:
        period = self._period_at(now)
        self._asked_in, self._left_s = period.name, period.ends_at - now
        kind = "recount" if self.recount else "quota"
        return f"{self.key}:{period.name}", (kind, self.size, int(period.ends_at), self.known_used(now))

    def known_used(self, now: float) -> int:
        return self.size - (self.available or 0) if self.known_in == self._period_at(now).name else 0

    def renewed(self, extra: int, free: int, monotonic: float) -> None:
        super().renewed(extra, free, monotonic)
        self.known_in, self._over_at = self._asked_in, monotonic + self._left_s

    def settled(self, renewal: Renewal, passed: int, given: int, extra: int) -> None:
        if self._asked_in == self._turned_to:
            super().settled(renewal, passed, given, extra)
        else:
            self.unsettled -= renewal.owed

    def take_locally(self, processes: int, monotonic: float, now: float) -> bool:
        self.turn(now)
        return super().take_locally(processes, monotonic, now)

    def share(self, processes: int, monotonic: float, now: float) -> Gcra:
        period = self._period_at(now)
        free = self.remaining(monotonic) if self.known_in == period.name else self.size
        burst = math.ceil(free / processes)
        return Gcra(max(1.0, period.ends_at - now) * 2, max(1, burst), now=monotonic, free=burst)

    def wait(self, monotonic: float, now: float) -> float:
        return max(0.0, self._period_at(now).ends_at - now)

    def remaining(self, monotonic: float) -> int:
        if self.available is None or monotonic >= self._over_at:
            return self.size
        return max(0, self.available + self.credit - self.owed - self.unsettled)

    def reset_s(self, remaining: int, clock: Clock) -> int:
        return math.ceil(self.wait(0.0, clock.now()))

    def max_credit(self, processes: int) -> int:
        return self.size // (QUOTA_CREDIT_PARTS * processes)
