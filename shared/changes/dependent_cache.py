"""A bounded cache of what depends on objects that may change: an entry lives until one of them does."""

from collections import OrderedDict
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class DependentCache(Generic[K, V]):
    """At most `size` entries, the least recently used leaving first.

    Each entry names the ids that it depends on; `drop(id)` removes all entries that do.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._entries: OrderedDict[K, tuple[V, frozenset[str]]] = OrderedDict()
        self._dependents: dict[str, set[K]] = {}

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def dependencies(self) -> frozenset[str]:
        """The ids that some entry depends on."""
        return frozenset(self._dependents)

    def get(self, key: K) -> V | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        self._entries.move_to_end(key)
        return entry[0]

    def put(self, key: K, value: V, depends_on: frozenset[str]) -> None:
        self.discard(key)
        if len(self._entries) >= self._size:
            self.discard(next(iter(self._entries)))
        self._entries[key] = (value, depends_on)
        for id_ in depends_on:
            self._dependents.setdefault(id_, set()).add(key)

    def discard(self, key: K) -> None:
        entry = self._entries.pop(key, None)
        if entry is None:
            return
        for id_ in entry[1]:
            keys = self._dependents[id_]
            keys.discard(key)
            if not keys:
                del self._dependents[id_]

    def drop(self, id_: str) -> None:
        """Remove every entry that depends on the object `id_`."""
        for key in list(self._dependents.get(id_, ())):
            self.discard(key)

    def clear(self) -> None:
        self._entries.clear()
        self._dependents.clear()
