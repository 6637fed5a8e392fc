"""The generic cell rate algorithm: a rate and a burst as one time.

That time, the theoretical arrival time, is when the next call would come if all came evenly. A call is in time as
long as it is not more than the burst ahead. `SCRIPT` in `shared.limits.script` is the same in Valkey.
"""

import math

_ROUNDING = 1e-6
"""Of a call: what sums of intervals may lack by their rounding."""


class Gcra:
    """One bucket. `interval`: seconds for one call in the long run; `burst`: calls at once; times in seconds."""

    __slots__ = ("_arrival", "_burst", "_interval")

    def __init__(self, interval: float, burst: int, *, now: float, free: int | None = None) -> None:
        """`free` calls at once now; the whole burst unless said."""
        self._interval = interval
        self._burst = burst
        self._arrival = now + interval * (burst - min(burst, burst if free is None else max(0, free)))

    def free(self, now: float) -> int:
        """How many calls may come now."""
        ahead = max(self._arrival, now)
        return max(0, math.floor((now - ahead) / self._interval + self._burst + _ROUNDING))

    def take(self, now: float) -> bool:
        """Whether one call may come now, which is then counted."""
        if self.free(now) < 1:
            return False
        self._arrival = max(self._arrival, now) + self._interval
        return True

    def owe(self, calls: int, now: float) -> None:
        """Count calls that have come already, whether they might or not."""
        self._arrival = max(self._arrival, now) + calls * self._interval

    def give_back(self, calls: int, now: float) -> None:
        """Calls that were counted and have not come."""
        self._arrival = max(self._arrival - calls * self._interval, now)

    def wait(self, now: float) -> float:
        """Seconds until a call may come; 0: at once."""
        return max(0.0, self._arrival + self._interval - self._interval * self._burst - now)
