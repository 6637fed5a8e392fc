"""What was decided with a route table, kept within a bound for as long as that is the table."""

from typing import Generic, TypeVar

from gateway.http1.kept import Kept
from gateway.routing.table import RouteTable

K = TypeVar("K")
V = TypeVar("V")


class KeptByTable(Generic[K, V]):
    """With another table all of it is forgotten, and so is the table that was replaced."""

    def __init__(self, max_size: int) -> None:
        self._kept: Kept[K, V] = Kept(max_size)
        self._table: RouteTable | None = None

    def __len__(self) -> int:
        return len(self._kept)

    def find(self, key: K, table: RouteTable) -> V | None:
        if table is not self._table:
            self._kept.clear()
            self._table = table
        return self._kept.get(key)

    def keep(self, key: K, value: V, table: RouteTable) -> None:
        """Unless another table has been looked by since."""
        if table is self._table:
            self._kept.keep(key, value)
