"""What has been stopped: credentials, companies, bookings, single JWTs, signing keys."""

from collections.abc import Iterable

from shared.clock import Clock
from shared.contracts.key_registry import Change, Snapshot

PRUNE_AFTER = 10_000
"""Changes between two looks for revocations that may be forgotten."""


class StoppedSet:
    """Kept true by a `ChangeFollower`, as one of its consumers. A look-up is one set intersection."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._stopped: dict[str, float] = {}
        """Until when, in seconds since the epoch."""
        self._changes = 0

    def __len__(self) -> int:
        return len(self._stopped)

    def holds_any(self, ids: Iterable[str]) -> bool:
        stopped = self._stopped
        return any(id_ in stopped for id_ in ids)

    def reset(self, snapshot: Snapshot) -> None:
        self._stopped = {item.id: _until(item.until) for item in snapshot.stopped}

    def apply(self, change: Change) -> None:
        if change.status == "active":
            self._stopped.pop(change.id, None)
        else:
            self._stopped[change.id] = _until(change.until)
        self._changes += 1
        if self._changes % PRUNE_AFTER == 0:
            self._prune()

    def _prune(self) -> None:
        # An hour late: a clock that is ahead must not bring a revoked token back.
        horizon = self._clock.now() - 3600
        self._stopped = {id_: until for id_, until in self._stopped.items() if until > horizon}


def _until(until: float | None) -> float:
    return float("inf") if until is None else until
