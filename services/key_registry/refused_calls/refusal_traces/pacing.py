"""How much of a flood is kept, so that it fills no more than a day's part of the ring in a day.

Half of a day's bytes may come at once. After that they come at the rate of the day, and of what does not fit, a
batch keeps one of each cause and source before it keeps a second of any.
"""

from collections import Counter
from collections.abc import Sequence

from services.key_registry.refused_calls.refusal_traces.ports import SEGMENTS
from shared.clock import Clock
from shared.contracts.refusal_traces import RefusalTrace

DAY_S = 86400.0
BURST_SHARE = 0.5
"""Of a segment."""
ROW_OVERHEAD_BYTES = 400
"""Of a trace in its table beside its JSON: columns and four indexes."""


class Pacing:
    """A bucket of bytes for one ring; `ring_bytes` is what the whole ring may take."""

    def __init__(self, clock: Clock, ring_bytes: int) -> None:
        self._clock = clock
        self.segment_bytes = ring_bytes // SEGMENTS
        self._capacity = self.segment_bytes * BURST_SHARE
        self._left = self._capacity
        self._filled_at = clock.monotonic()

    def admitted(self, traces: Sequence[RefusalTrace]) -> list[RefusalTrace]:
        """Those that are kept, in the order in which they came."""
        now = self._clock.monotonic()
        refill = (now - self._filled_at) * self.segment_bytes / DAY_S
        self._left, self._filled_at = min(self._capacity, self._left + refill), now
        seen: Counter[tuple[str, str]] = Counter()
        ranked = []
        for index, trace in enumerate(traces):
            key = (trace.cause, trace.source)
            ranked.append((seen[key], index))
            seen[key] += 1
        kept = []
        for _, index in sorted(ranked):
            size = len(traces[index].model_dump_json()) + ROW_OVERHEAD_BYTES
            if size <= self._left:
                self._left -= size
                kept.append(index)
        return [traces[index] for index in sorted(kept)]
