"""Time as the rules see it: injected, so that tests move it instead of sleeping."""

import time
from typing import Protocol


class Clock(Protocol):
    def now(self) -> float:
        """Wall-clock time in seconds since the epoch: for `iat`, `exp` and what is stored."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary start, never going back: for ages, time-outs and TTLs."""
        ...


class SystemClock:
    now = staticmethod(time.time)
    monotonic = staticmethod(time.monotonic)
