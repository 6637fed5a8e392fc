"""The ids of all that is stopped now and may still concern a token that is alive."""

import math
import sys
from collections.abc import Iterable

from shared.clock import Clock
from shared.contracts.key_registry import Change, Kind, Snapshot

CLOCK_ERROR_S = 3600.0
"""Seconds past its end for which a revocation is kept: a clock that is ahead must not bring a token back."""
PRUNE_AT = 1000
"""Ids at which those that may be forgotten are looked for; later at twice what was left."""


class StoppedSet:
    """Kept true by a `ChangeFollower`, as one of its consumers; whether it is, the follower knows.

    Of some `kinds` only, where the others do not concern the process.
    """

    def __init__(self, clock: Clock, kinds: frozenset[Kind] | None = None) -> None:
        self._clock = clock
        self._kinds = kinds
        self._stopped: dict[str, tuple[float, str]] = {}  # until when, and the interned kind
        self._prune_at = PRUNE_AT
        self._revoked_here: dict[str, tuple[float, str]] = {}

    def __len__(self) -> int:
        return len(self._stopped)

    def __contains__(self, id_: str) -> bool:
        return id_ in self._stopped

    def holds_any(self, ids: Iterable[str]) -> bool:
        return self.first(ids) is not None

    def first(self, ids: Iterable[str]) -> tuple[str, str] | None:
        """Kind and id of the first of `ids` that is stopped; the kind is empty where `add` was not given it."""
        stopped = self._stopped
        for id_ in ids:
            if id_ in stopped:
                return stopped[id_][1], id_
        return None

    def resumable(self, id_: str) -> bool:
        """Whether `id_` is suspended, and not stopped for good: revoked, or expired."""
        return self._stopped.get(id_, (0.0, ""))[0] == math.inf

    def add(self, id_: str, until: float | None, kind: Kind | None = None) -> None:
        """Stop `id_` here; `until` as in a `Change`: None for as long as it is not resumed."""
        self._stopped[id_] = (math.inf if until is None else until, sys.intern(kind or ""))
        if len(self._stopped) >= self._prune_at:
            self._prune()

    def revoke(self, id_: str, until: float, kind: Kind) -> None:
        """Stop `id_` for ever, before its change arrives: a snapshot that was read earlier does not undo it.

        `until`, in seconds since the epoch: when nothing that it concerns can be alive.
        """
        self._revoked_here[id_] = until, sys.intern(kind)
        self.add(id_, until, kind)

    def reset(self, snapshot: Snapshot) -> None:
        horizon, kinds = self._clock.now() - CLOCK_ERROR_S, self._kinds
        self._stopped = {
            item.id: (math.inf if item.until is None else item.until, sys.intern(item.kind))
            for item in snapshot.stopped
            if (item.until is None or item.until > horizon) and (kinds is None or item.kind in kinds)
        }
        self._revoked_here = {id_: entry for id_, entry in self._revoked_here.items() if entry[0] > horizon}
        self._stopped |= self._revoked_here
        self._prune_at = max(PRUNE_AT, 2 * len(self._stopped))

    def apply(self, change: Change) -> None:
        if self._kinds is not None and change.kind not in self._kinds:
            return
        if change.status == "active":
            self._stopped.pop(change.id, None)
        else:
            self.add(change.id, change.until, change.kind)

    def _prune(self) -> None:
        horizon = self._clock.now() - CLOCK_ERROR_S
        self._revoked_here = {id_: entry for id_, entry in self._revoked_here.items() if entry[0] > horizon}
        self._stopped = {id_: entry for id_, entry in self._stopped.items() if entry[0] > horizon}
        self._prune_at = max(PRUNE_AT, 2 * len(self._stopped))
