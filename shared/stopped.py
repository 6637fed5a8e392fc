"""The ids of all that is stopped now and may still concern a token that is alive."""

import math
from collections.abc import Iterable

from shared.clock import Clock
from shared.contracts.key_registry import Change, Kind, Snapshot

CLOCK_ERROR = 3600.0
"""Seconds past its end for which a revocation is kept: a clock that is ahead must not bring a token back."""
PRUNE_AT = 1000
"""Ids at which those that may be forgotten are looked for; later at twice what was left."""


class StoppedSet:
    """Kept true by a `ChangeFollower`, as one of its consumers; whether it is, the follower tells.

    Of some `kinds` only, where the others do not concern the process.
    """

    def __init__(self, clock: Clock, kinds: frozenset[Kind] | None = None) -> None:
        self._clock = clock
        self._kinds = kinds
        self._until: dict[str, float] = {}
        self._prune_at = PRUNE_AT

    def __len__(self) -> int:
        return len(self._until)

    def __contains__(self, id_: str) -> bool:
        return id_ in self._until

    def holds_any(self, ids: Iterable[str]) -> bool:
        stopped = self._until
        return any(id_ in stopped for id_ in ids)

    def add(self, id_: str, until: float | None) -> None:
        """Stop `id_` here; `until` as in a `Change`: None for as long as it is not resumed."""
        self._until[id_] = math.inf if until is None else until
        if len(self._until) >= self._prune_at:
            self._prune()

    def reset(self, snapshot: Snapshot) -> None:
        horizon, kinds = self._clock.now() - CLOCK_ERROR, self._kinds
        self._until = {
            item.id: math.inf if item.until is None else item.until
            for item in snapshot.stopped
            if (item.until is None or item.until > horizon) and (kinds is None or item.kind in kinds)
        }
        self._prune_at = max(PRUNE_AT, 2 * len(self._until))

    def apply(self, change: Change) -> None:
        if self._kinds is not None and change.kind not in self._kinds:
            return
        if change.status == "active":
            self._until.pop(change.id, None)
        else:
            self.add(change.id, change.until)

    def _prune(self) -> None:
        horizon = self._clock.now() - CLOCK_ERROR
        self._until = {id_: until for id_, until in self._until.items() if until > horizon}
        self._prune_at = max(PRUNE_AT, 2 * len(self._until))
