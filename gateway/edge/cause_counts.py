"""Connections that were closed before their time, by cause: so that a flood of them is a line now and then."""

from dataclasses import dataclass

LOG_INTERVAL_S = 10.0
"""Seconds between two log lines of one cause; each says how many connections were closed since the one before."""


@dataclass(slots=True)
class CauseCount:
    cause: str
    count: int = 0
    last_peer: str = ""
    last_detail: str = ""


class CauseCounts:
    def __init__(self) -> None:
        self._unreported: dict[str, CauseCount] = {}
        self._reported_at: dict[str, float] = {}

    def note(self, cause: str, peer: str, detail: str = "") -> None:
        """Causes are few and fixed; `detail` is for the log."""
        noted = self._unreported.get(cause)
        if noted is None:
            noted = self._unreported[cause] = CauseCount(cause)
        noted.count += 1
        noted.last_peer, noted.last_detail = peer, detail

    def due(self, now: float) -> list[CauseCount]:
        """What is to be logged now; it counts as logged."""
        due = [
            cause
            for cause in self._unreported
            if now - self._reported_at.get(cause, -LOG_INTERVAL_S) >= LOG_INTERVAL_S
        ]
        self._reported_at.update(dict.fromkeys(due, now))
        return [self._unreported.pop(cause) for cause in due]
