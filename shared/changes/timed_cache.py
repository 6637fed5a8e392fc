"""What holds for a moment after it was asked for, and then has to be asked for again."""

from collections.abc import Callable
from typing import Generic, TypeVar

from shared.clock import Clock

K = TypeVar("K")
V = TypeVar("V")


class TimedCache(Generic[K, V]):
    """At most `size` values, each for so many `seconds` after it began to be asked for; the oldest leaves first."""

    def __init__(self, seconds: float, size: int, clock: Clock) -> None:
        self._seconds = seconds
        self._size = size
        self._clock = clock
        self._kept: dict[K, tuple[V, float]] = {}
        """With the monotonic time until which each holds, in about that order."""

    def __len__(self) -> int:
        return len(self._kept)

    def find(self, key: K) -> V | None:
        kept = self._kept.get(key)
        if kept is None:
            return None
        if kept[1] > self._clock.monotonic():
            return kept[0]
        del self._kept[key]
        return None

    def keep(self, key: K, value: V, asked_at: float) -> None:
        """`asked_at`: the monotonic time before which nothing of `value` was read."""
        self.discard(key)
        self._make_room()
        self._kept[key] = value, asked_at + self._seconds

    def discard(self, key: K) -> None:
        self._kept.pop(key, None)

    def discard_where(self, matches: Callable[[V], bool]) -> None:
        """Looks at all of them: for what happens seldom."""
        for key in [key for key, (value, _) in self._kept.items() if matches(value)]:
            del self._kept[key]

    def clear(self) -> None:
        self._kept.clear()

    def _make_room(self) -> None:
        now = self._clock.monotonic()
        while self._kept:
            oldest = next(iter(self._kept))
            if self._kept[oldest][1] > now and len(self._kept) < self._size:
                return
            del self._kept[oldest]
