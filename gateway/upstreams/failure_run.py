"""Failures in a row."""

from collections import deque


class FailureRun:
    """Whether so many calls have failed within `window` seconds with no response between them.

    A run of failures, not their share: what fails now and then among responses is no reason to stop all calls.
    """

    __slots__ = ("_times", "_window")

    def __init__(self, failures: int, window: float) -> None:
        self._times: deque[float] = deque(maxlen=failures)
        self._window = window

    def __bool__(self) -> bool:
        return bool(self._times)

    @property
    def complete(self) -> bool:
        times = self._times
        return len(times) == times.maxlen and times[-1] - times[0] <= self._window

    def failed(self, now: float) -> None:
        self._times.append(now)

    def end(self) -> None:
        self._times.clear()
