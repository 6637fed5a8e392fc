"""Work that is due, for the clients by turns: what one of them has brought about delays none of the others."""

from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class Turns(Generic[T]):
    """What is due for one client keeps its order. Each step costs the same, however much is due."""

    def __init__(self) -> None:
        self._queues: dict[str, deque[T]] = {}
        """By client, in the order of their turns; none is empty."""
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def add(self, client: str, due: T) -> None:
        self._queues.setdefault(client, deque()).append(due)
        self._length += 1

    def take(self) -> T:
        """What is next. Raises `StopIteration` when nothing is due."""
        client = next(iter(self._queues))
        queue = self._queues.pop(client)
        due = queue.popleft()
        if queue:
            self._queues[client] = queue
        self._length -= 1
        return due
