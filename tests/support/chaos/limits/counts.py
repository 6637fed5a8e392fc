"""How much of one limit is used: the most that may be, and what has passed for certain."""

from bisect import insort
from collections import deque
from collections.abc import Callable


class Used:
    """The most that can be used of a rate or a quota, at one place. Times are those of the model.

    Whoever makes the calls cannot know when each was counted: here it is as late as can be, when its response came.
    """

    def __init__(self) -> None:
        self._calls = 0.0
        self._at = 0.0
        self._per_second = 0.0
        self._given_back: deque[float] = deque()

    def comes_back(self, per_second: float, at: float) -> None:
        """So many calls a second, from now on."""
        self._calls, self._at = self.at(at), max(self._at, at)
        self._per_second = per_second

    def count(self, received: float) -> None:
        """A call that has passed, or may have."""
        self._calls, self._at = self.at(received) + 1, max(self._at, received)

    def give_back(self, received: float) -> None:
        """One that another limit has refused: it had this one's turn, for a moment."""
        self._given_back.append(received)

    def at(self, moment: float) -> float:
        """Of calls whose response has come."""
        return max(0.0, self._calls - self._per_second * max(0.0, moment - self._at))

    def given_back_since(self, moment: float) -> int:
        while self._given_back and self._given_back[0] < moment:
            self._given_back.popleft()
        return len(self._given_back)


class Passed:
    """Calls that a limit has let through for certain while it was in force, at one place."""

    def __init__(self) -> None:
        self._sent: list[float] = []

    def add(self, sent: float) -> None:
        insort(self._sent, sent)

    def too_many(self, size: int, most: Callable[[float], float]) -> tuple[int, float] | None:
        """The calls from some moment on, and that moment, which are more than `most` allows from then until now.

        `size` is what `most` allows in any case.
        """
        for index, since in enumerate(self._sent[: max(0, len(self._sent) - size)]):
            calls = len(self._sent) - index
            if calls > most(since):
                return calls, since
        return None
