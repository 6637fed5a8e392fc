"""What is counted against one limit of one object, in this process.

A process may let a few calls through by itself, its credit. That was taken from what is free when it was given, and
goes back when it is not used, so that all processes together let through what the limit allows.
"""

import math
from abc import ABC, abstractmethod
from asyncio import Future

from shared.clock import Clock
from shared.contracts.limits import Rate
from shared.limits.exceeded import LimitCause
from shared.limits.gcra import Gcra
from shared.limits.renewals import Renewal

CREDIT_LIFE_S = 0.1
"""Seconds after which credit that is not used goes back."""
SMALL_CREDIT_LIFE_S = 1.0
SMALL_CREDIT_PARTS = 100
"""Credit is small where those of all processes are at most this part of the limit."""
MAX_DRY_S = 5.0
"""Seconds for which what is used up is not asked about."""


class Meter(ABC):
    """`credit` calls may pass without a question."""

    __slots__ = (
        *("active", "available", "base", "cause", "credit", "dry_until", "key", "known_at", "label", "limit"),
        *("local", "next_at", "owed", "pace", "recount", "report_only", "size", "unsettled", "used_at", "waiting"),
        *("window_s", "__weakref__"),
    )

    def __init__(self, key: str, label: str, limit: str, cause: LimitCause, size: int, window_s: int) -> None:
        self.key = key
        self.label = label
        """Its name in `RateLimit`: `company-rate`."""
        self.limit = limit
        """Its name in a refusal: `rate of company <id>`."""
        self.cause = cause
        self.size = size
        self.window_s = window_s
        """Seconds in which all of `size` comes back."""
        self.report_only = False
        self.recount = False
        """Whether the next renewal says what is known to be used, since Valkey may have lost it."""
        self.credit = 0
        self.base = 0
        """The credit after the last renewal."""
        self.owed = 0
        """Calls that have passed without credit, and are not reported."""
        self.unsettled = 0
        """Those of them that were reported, and may have been counted or not."""
        self.pace = 0
        """Calls between two renewals, about."""
        self.used_at = 0.0
        """On the monotonic clock: the last renewal before which credit was used."""
        self.available: int | None = None
        """Calls that were free at `known_at`, for any process; None: not known yet."""
        self.known_at = 0.0
        self.dry_until = 0.0
        """On the monotonic clock: nothing is asked before."""
        self.next_at = 0.0
        """On the monotonic clock: nothing is free before."""
        self.waiting: list[Future[bool]] = []
        self.active = False
        """Whether it is among those that are looked at in each round."""
        self.local: Gcra | None = None
        """This process's share while Valkey is unavailable."""

    @abstractmethod
    def turn(self, now: float) -> None:
        """Forget what belongs to a period that is over; `now` in seconds since the epoch."""

    @abstractmethod
    def arguments(self, now: float) -> tuple[str, tuple[object, ...]]:
        """Key, kind, size, interval or end, and how much is known to be used; `now` in seconds since the epoch."""

    def known_used(self, now: float) -> int:
        """Calls that are known to be used of what comes back at a fixed time alone."""
        return 0

    @abstractmethod
    def share(self, processes: int, monotonic: float, now: float) -> Gcra:
        """What this process may let through while nobody can be asked."""

    @abstractmethod
    def wait(self, monotonic: float, now: float) -> float:
        """Seconds until a call may pass that cannot now."""

    @abstractmethod
    def remaining(self, monotonic: float) -> int:
        """Calls that may pass now, as far as it is known here."""

    @abstractmethod
    def reset_s(self, remaining: int, clock: Clock) -> int:
        """Seconds until nothing of it is used, with so many calls `remaining`."""

    @abstractmethod
    def max_credit(self, processes: int) -> int: ...

    def due(self, processes: int, monotonic: float) -> bool:
        """Whether there is something to report or to ask. Credit that is held is reported, unless it is small."""
        if self.waiting or self.owed or self.recount or self.credit != self.base:
            return True
        small = self.credit * processes * SMALL_CREDIT_PARTS <= self.size
        return self.credit > 0 and (not small or monotonic - self.used_at >= SMALL_CREDIT_LIFE_S)

    def renewal(self, processes: int, monotonic: float) -> Renewal:
        """What is reported and asked from now on."""
        wanted, owed, used = len(self.waiting), self.owed, max(0, self.base - self.credit)
        self.owed, self.pace = 0, max(used + wanted, self.pace // 2)
        if used or wanted:
            self.used_at = monotonic
        elif monotonic - self.used_at >= CREDIT_LIFE_S:
            back, self.credit, self.base = self.credit, 0, 0
            return Renewal(back, owed, 0, 0, 0)
        ahead = min(1 + 2 * self.pace, self.max_credit(processes)) - self.credit
        self.base = self.credit
        return Renewal(0, owed, self.credit, wanted, max(0, ahead))

    def renewed(self, extra: int, free: int, monotonic: float) -> None:
        """`extra`: credit that it has got."""
        self.available, self.known_at, self.local, self.recount = free, monotonic, None, False
        self.credit += extra
        self.base += extra
        if free > 0:
            self.dry_until = 0.0

    def not_renewed(self, renewal: Renewal) -> None:
        """What was asked may or may not have arrived, and is asked again, unchanged."""
        self.unsettled += renewal.owed

    def settled(self, renewal: Renewal, passed: int, given: int, extra: int) -> None:
        """What was asked has been counted, and with it `given` of the calls that waited; `passed` did meanwhile."""
        self.unsettled -= renewal.owed
        self.owed -= min(self.owed, given, passed)
        unused = extra + max(0, given - passed)
        self.credit += unused
        self.base += unused

    def take_locally(self, processes: int, monotonic: float, now: float) -> bool:
        """Whether a call may pass by this process's share alone; it then has the credit for it."""
        if self.local is None:
            self.local = self.share(processes, monotonic, now)
        if not self.local.take(monotonic):
            self.dry(self.local.wait(monotonic), monotonic)
            return False
        self.owed += 1
        self.credit += 1
        self.base += 1
        return True

    def dry(self, wait: float, monotonic: float) -> None:
        """Nothing is free for `wait` seconds; after a while it is asked again all the same."""
        self.next_at = monotonic + wait
        self.dry_until = monotonic + min(wait, MAX_DRY_S)


class RateMeter(Meter):
    __slots__ = ("_interval_s", "rate")

    def __init__(self, key: str, label: str, limit: str, rate: Rate) -> None:
        window_s = math.ceil(rate.burst * rate.interval_s)
        super().__init__(f"{key}:rate", label, limit, LimitCause.RATE_EXCEEDED, rate.burst, window_s)
        self.rate = rate
        self._interval_s = rate.interval_s

    def turn(self, now: float) -> None:
        """A rate has no periods."""

    def arguments(self, now: float) -> tuple[str, tuple[object, ...]]:
        return self.key, ("rate", self.size, repr(self._interval_s * 1e6), 0)

    def renewal(self, processes: int, monotonic: float) -> Renewal:
        # What has passed while nobody could be asked is owed, but for no longer than one burst takes.
        renewal = super().renewal(processes, monotonic)
        return renewal._replace(owed=min(renewal.owed, self.size))

    def share(self, processes: int, monotonic: float, now: float) -> Gcra:
        free = None if self.available is None else math.ceil(self.remaining(monotonic) / processes)
        burst = max(1, self.size // processes)
        return Gcra(self._interval_s * processes, burst, now=monotonic, free=free)

    def wait(self, monotonic: float, now: float) -> float:
        return max(0.0, self.next_at - monotonic)

    def remaining(self, monotonic: float) -> int:
        if self.available is None:
            return self.size
        back = int((monotonic - self.known_at) / self._interval_s)
        left = self.available + back + self.credit - self.owed - self.unsettled
        return 0 if left < 0 else self.size if left > self.size else left

    def reset_s(self, remaining: int, clock: Clock) -> int:
        return math.ceil((self.size - remaining) * self._interval_s)

    def max_credit(self, processes: int) -> int:
        return self.size
