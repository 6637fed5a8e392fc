"""Wrong secrets counted in this process alone: for the time that Valkey is unavailable."""

from collections import OrderedDict, deque
from collections.abc import Sequence

MAX_PAIRS = 50_000


class MemoryWrongSecrets:
    """At most `MAX_PAIRS` pairs; those that were quiet for longest leave first."""

    def __init__(self) -> None:
        self._times: OrderedDict[str, deque[float]] = OrderedDict()

    async def times(self, pair: str, *, keep: int) -> Sequence[float]:
        return list(self._times.get(pair, ()))[:keep]

    async def add(self, pair: str, at: float, *, keep: int) -> Sequence[float]:
        times = self._times.setdefault(pair, deque(maxlen=keep))
        times.appendleft(at)
        self._times.move_to_end(pair)
        if len(self._times) > MAX_PAIRS:
            self._times.popitem(last=False)
        return list(times)
