"""Limits in tests: their table, and the store of their shares in memory."""

from collections.abc import Sequence
from typing import Any

from shared.clock import Clock
from shared.errors import Unavailable
from shared.limits.gcra import Gcra
from shared.limits.renewals import Renewal
from shared.limits.shares import Shares
from shared.limits.table import LimitTable


class SharesInMemory:
    """`Store` of shares: what `shared.limits.script.SCRIPT` promises, by the clock of the test."""

    def __init__(self, clock: Clock) -> None:
        self.available = True
        self.rounds = 0
        self._clock = clock
        self._processes: set[str] = set()
        self._renewed: dict[str, tuple[int, list[int]]] = {}
        self._rates: dict[tuple[str, int, float], Gcra] = {}
        self._used: dict[str, int] = {}
        self._kept_since = 1

    def lose_all(self) -> None:
        self._rates, self._used, self._renewed = {}, {}, {}
        self._kept_since += 1

    async def execute(self, *command: Any) -> list[int]:
        if not self.available:
            raise Unavailable
        self.rounds += 1
        _, _, count, *rest = command
        keys, arguments = rest[3:count], rest[count:]
        process, _, number = arguments[:3]
        self._processes.add(process)
        if self._renewed.get(process, (0, []))[0] == number:
            return self._renewed[process][1]
        reply = [len(self._processes), self._kept_since]
        for n, key in enumerate(keys):
            kind, size, x, known_used, *renewal = arguments[3 + 9 * n : 12 + 9 * n]
            asked = Renewal(*renewal)
            reply += (
                self._rate(key, size, float(x) / 1e6, asked)
                if kind == "rate"
                else self._quota(key, size, known_used, asked, recount=kind == "recount")
            )
        self._renewed[process] = number, reply
        return reply

    def _rate(self, key: str, size: int, interval: float, asked: Renewal) -> Sequence[int]:
        now = self._clock.monotonic()
        bucket = self._rates.setdefault((key, size, interval), Gcra(interval, size, now=now))
        bucket.give_back(asked.back + asked.held, now)
        bucket.owe(asked.owed + asked.held, now)
        given, extra, free = self._taken(bucket.free(now), asked)
        bucket.owe(given + extra, now)
        return given, extra, free, round(bucket.wait(now) * 1e6)

    def _quota(self, key: str, size: int, known: int, asked: Renewal, *, recount: bool) -> Sequence[int]:
        used = self._used.get(key, known)
        used = (max(used, known) if recount else used) + asked.owed - asked.back
        given, extra, free = self._taken(max(0, size - used), asked)
        self._used[key] = used + given + extra
        return given, extra, free, 0

    def _taken(self, free: int, asked: Renewal) -> tuple[int, int, int]:
        given = min(asked.wanted, free)
        extra = min(asked.ahead, (free - given) // (2 * len(self._processes)))
        return given, extra, free - given - extra


def limit_table(clock: Clock, shares: Shares | None = None) -> LimitTable:
    """Without limits yet; shares are not renewed by themselves: see `Shares.renew`."""
    return LimitTable(shares or Shares(SharesInMemory(clock), clock, place="test"), clock)
