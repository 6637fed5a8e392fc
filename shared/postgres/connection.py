"""A connection to PostgreSQL that asks once in a process what PostgreSQL's own types are."""

from collections.abc import Collection
from types import SimpleNamespace
from typing import Any, ClassVar

import asyncpg

ASSIGNED_BY_HAND = 10_000
"""OIDs below it are the same in every database and release (PostgreSQL, "System Catalog Initial Data")."""
_NOTHING_SENT = SimpleNamespace(name="known")
"""In place of the statement that asked. One without a name would have replaced the one that is being prepared."""


class TypedConnection(asyncpg.Connection):  # type: ignore[misc]  # asyncpg has no types
    """asyncpg (0.32) asks on each connection that meets one what an array of UUIDs is. That takes the server three
    times what it took to open the connection: at a first call after a pause, and where a pool grows.
    """

    _known: ClassVar[dict[frozenset[int], Any]] = {}

    async def _introspect_types(self, typeoids: Collection[int], timeout: float | None) -> Any:  # noqa: ASYNC109
        wanted = frozenset(typeoids)
        if (types := self._known.get(wanted)) is not None:
            return types, _NOTHING_SENT
        types, statement = await super()._introspect_types(typeoids, timeout)
        if max(wanted) < ASSIGNED_BY_HAND:
            self._known[wanted] = types
        return types, statement
