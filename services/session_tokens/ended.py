"""Tokens that were ended before their time, as the registry remembers them.

The store forgets an ended token, but a store that fails over or comes back from a copy may remember it again. The
registry's record is what holds, and reaches every copy of this service through the change feed.
"""

from shared.changes import ChangeFollower
from shared.clock import Clock
from shared.contracts.key_registry import Change, Snapshot

KIND = "session_token"
PRUNE_AT = 1000
"""Ids at which those that no longer matter are looked for; later at twice what was left."""


class EndedTokens:
    """The ids of ended tokens that could still be alive. A consumer of the follower that is then attached."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until: dict[str, float] = {}
        self._prune_at = PRUNE_AT
        self._follower: ChangeFollower | None = None

    def attach(self, follower: ChangeFollower) -> None:
        self._follower = follower

    def includes(self, id_: str) -> bool:
        """Raises `Unavailable` while it is not known which tokens were ended."""
        if self._follower is not None:
            self._follower.require_fresh()
        return id_ in self._until

    def add(self, id_: str, until: float) -> None:
        if len(self._until) >= self._prune_at:
            now = self._clock.now()
            self._until = {i: u for i, u in self._until.items() if u > now}
            self._prune_at = max(PRUNE_AT, 2 * len(self._until))
        self._until[id_] = until

    def reset(self, snapshot: Snapshot) -> None:
        self._until = {s.id: _until(s.until) for s in snapshot.stopped if s.kind == KIND}

    def apply(self, change: Change) -> None:
        if change.kind == KIND and change.status == "revoked":
            self.add(change.id, _until(change.until))


def _until(given: float | None) -> float:
    return float("inf") if given is None else given
