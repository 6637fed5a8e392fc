"""Who follows the changes, in PostgreSQL: any copy of the registry knows what was reported to another."""

from collections.abc import Sequence
from functools import partial

from services.key_registry.ports.consumers import FORGOTTEN_AFTER_S, Reached
from services.key_registry.storage.postgres.pruning import delete_in_batches, each
from shared.contracts.key_registry import Position
from shared.contracts.signing_keys import GatewayKeys
from shared.postgres.pool import Database

NO_MARK = ""
"""Of a report by a release without marks: it is the mark of no change."""
_REPORT = """
WITH quick AS (
    -- no wait for the disk: a report that is lost comes again within seconds
    SELECT set_config('synchronous_commit', 'off', true)
), known AS (
    INSERT INTO consumer (instance, service, position, mark, joined_at, reported_at, staleness_bound, signing_keys,
        usage_source, release)
    SELECT $1, $2, $3, $4, $5, $5, $6, $7, $8::uuid, $9 FROM quick
    ON CONFLICT (instance) DO UPDATE SET position = excluded.position, mark = excluded.mark,
        reported_at = excluded.reported_at, staleness_bound = excluded.staleness_bound,
        signing_keys = excluded.signing_keys, usage_source = excluded.usage_source,
        release = excluded.release
    WHERE consumer.service = excluded.service
)
INSERT INTO report (instance, position, mark, at)
SELECT $1, $3, $4, $5 FROM quick
WHERE NOT EXISTS (SELECT FROM consumer WHERE instance = $1 AND service <> $2)
ON CONFLICT DO NOTHING
"""
_FORGET = "DELETE FROM consumer WHERE instance = $1 AND service = $2"
_REACHED = """
SELECT c.service, c.instance, c.joined_at, h.seq IS NOT NULL AS applied,
    CASE WHEN h.seq IS NOT NULL THEN (
        SELECT r.at FROM report r JOIN change ON change.seq = r.position AND change.mark = r.mark
        WHERE r.instance = c.instance AND r.position >= $1 ORDER BY r.position LIMIT 1
    ) END AS applied_at
FROM consumer c
-- a position that another change has by now is of a history that was lost
LEFT JOIN change h ON h.seq = c.position AND h.mark = c.mark AND h.seq >= $1
WHERE c.reported_at + greatest(c.staleness_bound - $4, 0) > $2 AND c.reported_at <= $3
ORDER BY c.service, c.instance
"""
_GATEWAYS = """
SELECT instance, signing_keys FROM consumer
WHERE service = 'gateway' AND reported_at + greatest(staleness_bound - $3, 0) > $1 AND reported_at <= $2
ORDER BY instance
"""

_PRUNE_REPORTS = """
DELETE FROM report WHERE (instance, position, mark) IN (
    SELECT instance, position, mark FROM report WHERE at < $1 LIMIT $2
)
"""
_PRUNE_REPORTS_OF_SILENT = """
DELETE FROM report WHERE (instance, position, mark) IN (
    SELECT r.instance, r.position, r.mark FROM consumer c JOIN report r USING (instance)
    WHERE c.reported_at + greatest(c.staleness_bound - $2, 0) <= $1 LIMIT $3
)
"""
_PRUNE_SILENT = """
DELETE FROM consumer WHERE instance IN (
    SELECT instance FROM consumer WHERE reported_at + greatest(staleness_bound - $2, 0) <= $1 LIMIT $3
)
"""


class PostgresConsumers:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def report(self, position: Position, at: float) -> None:
        async with self._database.connection() as connection:
            mark = position.mark or NO_MARK
            known = (position.instance, position.service, position.position, mark, at)
            kids = None if position.signing_keys is None else list(position.signing_keys)
            said = (position.staleness_bound, kids, position.usage_source, position.release)
            await connection.execute(_REPORT, *known, *said)

    async def forget(self, instance: str, service: str) -> None:
        async with self._database.connection() as connection:
            await connection.execute(_FORGET, instance, service)

    async def reached(self, position: int, reported_after: float, reported_until: float) -> Sequence[Reached]:
        async with self._database.connection() as connection:
            records = await connection.fetch(_REACHED, position, reported_after, reported_until, FORGOTTEN_AFTER_S)
        return [Reached(**record) for record in records]

    async def gateways(self, reported_after: float, reported_until: float) -> Sequence[GatewayKeys]:
        async with self._database.connection() as connection:
            records = await connection.fetch(_GATEWAYS, reported_after, reported_until, FORGOTTEN_AFTER_S)
        return [GatewayKeys(instance=record["instance"], kids=record["signing_keys"]) for record in records]

    async def prune(self, *, silent_since: float, reports_before: float) -> None:
        """What the silent reported goes before them: it may be more than one statement deletes in time."""
        await each(
            partial(delete_in_batches, self._database, *statement)
            for statement in (
                (_PRUNE_REPORTS, reports_before),
                (_PRUNE_REPORTS_OF_SILENT, silent_since, FORGOTTEN_AFTER_S),
                (_PRUNE_SILENT, silent_since, FORGOTTEN_AFTER_S),
            )
        )
