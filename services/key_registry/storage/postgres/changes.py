"""The change feed in PostgreSQL, and what keeps its tables small."""

from services.key_registry.catalog.lifecycle import LONGEST_TOKEN_LIFE
from services.key_registry.catalog.resources import RESOURCES
from shared.contracts.key_registry import Change, ChangePage
from shared.postgres.pool import Database

_BOUNDS = "SELECT coalesce(min(seq), 1), coalesce(max(seq), 0) FROM change"
_COLUMNS = "SELECT seq, kind, id, status, at, until, company_id FROM change"
_PAGE = f"{_COLUMNS} WHERE seq > $1 ORDER BY seq LIMIT $2"
_FIND = f"{_COLUMNS} WHERE seq = $1"
_STOPPED_OBJECTS = """
AS kind, id::text, CASE status WHEN 'revoked' THEN extract(epoch FROM status_at)::float8 + $2::float8 END AS until
FROM {} WHERE status = 'suspended' OR (status = 'revoked' AND status_at > to_timestamp($1))
"""
_STOPPED = " UNION ALL ".join(
    [
        *(" ".join((f"SELECT '{kind}'", _STOPPED_OBJECTS.replace("{}", kind))) for kind in RESOURCES),
        "SELECT kind, id, until FROM revocation",
    ]
)
_SNAPSHOT = " ".join(
    (
        "SELECT convert_to(json_build_object('as_of', (SELECT coalesce(max(seq), 0) FROM change),",
        "'stopped', (SELECT coalesce(json_agg(s), '[]') FROM (",
        _STOPPED,
        ") s))::text, 'UTF8')",
    )
)
"""One statement, so that position and objects are of one moment; JSON, so that no row becomes an object here."""


class PostgresChanges:
    """`snapshots`, where it is given, has the time that a large snapshot takes."""

    def __init__(self, database: Database, snapshots: Database | None = None) -> None:
        self._database = database
        self._snapshots = snapshots or database

    async def page(self, after: int, limit: int) -> ChangePage:
        async with self._database.connection() as connection:
            first, last = await connection.fetchrow(_BOUNDS)
            gap = after < first - 1
            records = [] if gap or after >= last else await connection.fetch(_PAGE, after, limit)
        changes = tuple(Change.model_construct(**dict(record)) for record in records)
        return ChangePage(changes=changes, last=last, gap=gap)

    async def find(self, position: int) -> Change | None:
        async with self._database.connection() as connection:
            record = await connection.fetchrow(_FIND, position)
        return None if record is None else Change(**dict(record))

    async def snapshot(self, since: float) -> bytes:
        async with self._snapshots.connection() as connection:
            return bytes(await connection.fetchval(_SNAPSHOT, since, float(LONGEST_TOKEN_LIFE)))

    async def prune(self, *, changes_before: float, revocations_before: float, idempotency_before: float) -> None:
        """Forget what is over. The last change stays, whatever its age: positions go on from it."""
        async with self._database.connection() as connection:
            await connection.execute(
                "DELETE FROM change WHERE at < $1 AND seq < (SELECT max(seq) FROM change)", changes_before
            )
            await connection.execute("DELETE FROM revocation WHERE until < $1", revocations_before)
            await connection.execute(
                "DELETE FROM idempotency WHERE created_at < to_timestamp($1)", idempotency_before
            )
