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
        self._entries: dict[K, tuple[V, float]] = {}
        """With the monotonic time until which each holds, in about that order."""

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, key: K) -> V | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry[1] > self._clock.monotonic():
            return entry[0]
        del self._entries[key]
        return None

    def put(self, key: K, value: V, asked_at: float) -> None:
        """`asked_at`: the monotonic time before which nothing of `value` was read."""
        self.discard(key)
        self._make_room()
        self._entries[key] = value, asked_at + self._seconds

    def discard(self, key: K) -> None:
        self._entries.pop(key, None)

    def discard_where(self, matches: Callable[[V], bool]) -> None:
        """Looks at all of them: for what happens seldom."""
        for key in [key for key, (value, _) in self._entries.items() if matches(value)]:
            del self._entries[key]

    def clear(self) -> None:
        self._entries.clear()

    def _make_room(self) -> None:
        now = self._clock.monotonic()
        while self._entries:
            oldest = next(iter(self._entries))
            if self._entries[oldest][1] > now and len(self._entries) < self._size:
                return
            del self._entries[oldest]
