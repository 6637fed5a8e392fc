"""Failures counted in this process alone: for the time that Valkey is unavailable."""

from collections import OrderedDict, deque
from collections.abc import Sequence

MAX_SUBJECTS = 50_000


class MemoryFailureTimes:
    """At most `MAX_SUBJECTS`; those that were quiet for longest leave first."""

    def __init__(self) -> None:
        self._times: OrderedDict[str, deque[float]] = OrderedDict()

    async def times(self, subject: str, *, keep: int) -> Sequence[float]:
        return list(self._times.get(subject, ()))[:keep]

    async def add(self, subject: str, at: float, *, keep: int) -> Sequence[float]:
        times = self._times.setdefault(subject, deque(maxlen=keep))
        times.appendleft(at)
        self._times.move_to_end(subject)
        if len(self._times) > MAX_SUBJECTS:
            self._times.popitem(last=False)
        return list(times)

    async def add_if(self, subject: str, at: float, *, seen: Sequence[float], keep: int) -> bool:
        unchanged = list(self._times.get(subject, ()))[:keep] == list(seen)
        if unchanged:
            await self.add(subject, at, keep=keep)
        return unchanged

    async def take_back(self, subject: str, at: float) -> None:
        times = self._times.get(subject, deque())
        if at in times:
            times.remove(at)

    async def forget(self, subject: str) -> None:
        self._times.pop(subject, None)
