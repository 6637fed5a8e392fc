"""Failures in a row."""

from collections import deque


class FailureRun:
    """Whether so many calls have failed within `window` seconds with no response between them.

    A run of failures, not their share: what fails now and then among responses is no reason to stop all calls.
    Those of one caller in a row are one failure: his requests may be what the service cannot stand.
    """

    __slots__ = ("_caller", "_times", "_window")

    def __init__(self, failures: int, window: float) -> None:
        self._times: deque[float] = deque(maxlen=failures)
        self._window = window
        self._caller = ""
        """Whose call failed last."""

    def __bool__(self) -> bool:
        return bool(self._times)

    @property
    def complete(self) -> bool:
        times = self._times
        return len(times) == times.maxlen and times[-1] - times[0] <= self._window

    def failed(self, now: float, caller: str = "") -> None:
        """`caller` is whose request may be the reason; "" where it cannot be one."""
        if caller and caller == self._caller and self._times:
            self._times.pop()
        self._times.append(now)
        self._caller = caller

    def end(self) -> None:
        self._times.clear()
