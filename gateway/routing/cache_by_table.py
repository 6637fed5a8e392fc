"""A bounded cache of what was decided with a route table, for as long as that is the table."""

from typing import Generic, TypeVar

from gateway.http1.bounded_cache import BoundedCache
from gateway.routing.table import RouteTable

K = TypeVar("K")
V = TypeVar("V")


class CacheByTable(Generic[K, V]):
    """With another table all of it is forgotten, and so is the table that was replaced."""

    def __init__(self, max_size: int) -> None:
        self._cache: BoundedCache[K, V] = BoundedCache(max_size)
        self._table: RouteTable | None = None

    def __len__(self) -> int:
        return len(self._cache)

    def find(self, key: K, table: RouteTable) -> V | None:
        if table is not self._table:
            self._cache.clear()
            self._table = table
        return self._cache.get(key)

    def put(self, key: K, value: V, table: RouteTable) -> None:
        """Unless another table has been looked by since."""
        if table is self._table:
            self._cache.put(key, value)
