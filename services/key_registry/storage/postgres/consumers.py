"""Who follows the changes, in PostgreSQL: any copy of the registry knows what was told to another."""

from collections.abc import Sequence

from services.key_registry.storage.ports import Reached
from shared.contracts.key_registry import Position
from shared.postgres.pool import Database

_REPORT = """
WITH quick AS (
    -- no wait for the disk: a report that is lost comes again within seconds
    SELECT set_config('synchronous_commit', 'off', true)
), known AS (
    INSERT INTO consumer (instance, service, position, joined_at, reported_at)
    SELECT $1, $2, $3, $4, $4 FROM quick
    ON CONFLICT (instance) DO UPDATE SET position = excluded.position, reported_at = excluded.reported_at
)
INSERT INTO report (instance, position, at) VALUES ($1, $3, $4) ON CONFLICT DO NOTHING
"""
_REACHED = """
SELECT c.service, c.instance, c.joined_at, c.position >= $1 AS applied,
    CASE WHEN c.position >= $1 THEN (
        SELECT r.at FROM report r WHERE r.instance = c.instance AND r.position >= $1 ORDER BY r.position LIMIT 1
    ) END AS applied_at
FROM consumer c WHERE c.reported_at > $2 ORDER BY c.service, c.instance
"""


class PostgresConsumers:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def report(self, position: Position, at: float) -> None:
        async with self._database.connection() as connection:
            await connection.execute(_REPORT, position.instance, position.service, position.position, at)

    async def forget(self, instance: str) -> None:
        async with self._database.connection() as connection:
            await connection.execute("DELETE FROM consumer WHERE instance = $1", instance)

    async def reached(self, position: int, heard_since: float) -> Sequence[Reached]:
        async with self._database.connection() as connection:
            return [Reached(**record) for record in await connection.fetch(_REACHED, position, heard_since)]

    async def prune(self, *, silent_since: float, reports_before: float) -> None:
        async with self._database.connection() as connection:
            await connection.execute("DELETE FROM consumer WHERE reported_at <= $1", silent_since)
            await connection.execute("DELETE FROM report WHERE at < $1", reports_before)
