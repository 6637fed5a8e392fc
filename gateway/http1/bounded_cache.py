"""A cache of bounded size for what was read before: all of it is forgotten when it is full."""

from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


class BoundedCache(dict[K, V]):
    """For what comes again and again: a full one fills up anew in a moment, and its use needs no bookkeeping."""

    __slots__ = ("max_size",)

    def __init__(self, max_size: int) -> None:
        super().__init__()
        self.max_size = max_size

    def put(self, key: K, value: V) -> None:
        if len(self) >= self.max_size:
            self.clear()
        self[key] = value
