"""Sampling of log lines that strangers can bring about in any number."""

import time
from collections.abc import Callable
from dataclasses import dataclass

LINES_PER_S = 5.0
BURST_LINES = 20.0
"""Lines of one bucket."""
BYTES_PER_S = 32 * 1024.0
BURST_BYTES = 128 * 1024.0
"""Bytes of all buckets together."""
MAX_BUCKETS = 1000
"""Buckets are routes times causes, and names of events: bounded already, but nothing here depends on it."""

Key = tuple[str, ...]
"""The event, and what distinguishes its kinds: never anything that a stranger can choose."""
OTHERS: Key = ("others",)


@dataclass(slots=True)
class _Bucket:
    lines: float
    filled_at: float
    left_out: int = 0


class Sampler:
    """Admits a bounded number of lines a second of each bucket, and of bytes of all; counts what it leaves out."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.left_out = 0
        """Lines left out since the start."""
        self._monotonic = monotonic
        self._buckets: dict[Key, _Bucket] = {}
        self._bytes = BURST_BYTES
        self._filled_at = monotonic()

    def admits(self, key: Key) -> bool:
        """Whether a line of this bucket may be written; if not, it is counted."""
        now = self._monotonic()
        bucket = self._buckets.get(key) or self._bucket(key, now)
        lines = bucket.lines + (now - bucket.filled_at) * LINES_PER_S
        bucket.lines = lines if lines < BURST_LINES else BURST_LINES
        bucket.filled_at = now
        self._bytes = min(BURST_BYTES, self._bytes + (now - self._filled_at) * BYTES_PER_S)
        self._filled_at = now
        if bucket.lines < 1 or self._bytes <= 0:
            bucket.left_out += 1
            self.left_out += 1
            return False
        bucket.lines -= 1
        return True

    def written(self, size: int) -> None:
        """A line that was admitted had so many bytes."""
        self._bytes -= size

    def take_left_out(self) -> list[tuple[Key, int]]:
        """How many lines of which bucket were left out since this was last called."""
        found = [(key, bucket.left_out) for key, bucket in self._buckets.items() if bucket.left_out]
        for key, _ in found:
            self._buckets[key].left_out = 0
        return found

    def _bucket(self, key: Key, now: float) -> _Bucket:
        bucket = self._buckets.get(key)
        if bucket is None:
            if len(self._buckets) >= MAX_BUCKETS:
                key = OTHERS
            bucket = self._buckets.setdefault(key, _Bucket(BURST_LINES, now))
        return bucket
