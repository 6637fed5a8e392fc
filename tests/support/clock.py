"""A clock that moves when it is told to."""


class FakeClock:
    """Stands in for `shared.clock.Clock`. `advance` moves both readings, `skew` the wall clock alone."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self._now = now
        self._monotonic = 1_000.0

    def now(self) -> float:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, seconds: float) -> None:
        if seconds < 0:
            raise ValueError("time does not go back: use skew() to set the wall clock wrong")
        self._now += seconds
        self._monotonic += seconds

    def skew(self, seconds: float) -> None:
        """Set the wall clock ahead (or back), as a step of NTP or an operator does."""
        self._now += seconds
