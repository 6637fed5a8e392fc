"""What is stopped now, as the registry's changes tell it."""

import math
from collections.abc import Iterable

from shared.contracts.key_registry import Change, Snapshot


class Stopped:
    """The ids of all that is not active: a consumer of the change follower, whose freshness the caller asks."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def any(self, ids: Iterable[str]) -> bool:
        return any(id_ in self._until for id_ in ids)

    def reset(self, snapshot: Snapshot) -> None:
        self._until = {stopped.id: _end(stopped.until) for stopped in snapshot.stopped}

    def apply(self, change: Change) -> None:
        if change.status == "active":
            self._until.pop(change.id, None)
        else:
            self._until[change.id] = _end(change.until)

    def forget(self, before: float) -> None:
        """Drop revocations of what has since died by itself: those whose `until` is before that time."""
        self._until = {id_: until for id_, until in self._until.items() if until >= before}


def _end(until: float | None) -> float:
    return math.inf if until is None else until
