"""The months of the audit trail in PostgreSQL: each a partition, there before its first line."""

from collections.abc import Sequence
from datetime import date

from services.key_registry.audit_trail.chain import Head
from services.key_registry.audit_trail.ports import Month
from shared.postgres.pool import Database

MONTHS_LOCK_ID = 0x617564697473
"""The advisory lock of who creates or drops a partition."""
PATIENCE = "400ms"
"""For a lock on the trail: as long as one waits for it, nobody else gets it either."""
_BEGIN = "SELECT pg_advisory_xact_lock($1), set_config('lock_timeout', $2, true)"
_UNVALIDATED = """
SELECT EXISTS (
    SELECT FROM pg_constraint WHERE conrelid = to_regclass('audit_line_before')
    AND conname = 'audit_line_before_month' AND NOT convalidated
)
"""
_ALL = """
SELECT month, first_seq, previous_hash, file, file_sha256, dropped_at IS NOT NULL AS dropped,
    coalesce(last_seq, lead(first_seq) OVER following - 1) AS last_seq,
    coalesce(last_hash, lead(previous_hash) OVER following) AS last_hash
FROM audit_month WHERE first_seq IS NOT NULL WINDOW following AS (ORDER BY month) ORDER BY month
"""
"""The first line of a month says where the one before has ended: no line is added to that any more."""
_EXPORTED = """
UPDATE audit_month SET last_seq = $2, last_hash = $3, file = $4, file_sha256 = $5, exported_at = now()
WHERE month = $1
"""
_DROPPABLE = """
SELECT to_regclass('audit_line_' || CASE WHEN compact THEN to_char(month, 'YYYY_MM') ELSE 'before' END)::text
FROM audit_month WHERE month = $1 AND file IS NOT NULL AND dropped_at IS NULL
"""
_DROPPED = "UPDATE audit_month SET dropped_at = now() WHERE month = $1"
_VALIDATE = "ALTER TABLE audit_line_before VALIDATE CONSTRAINT audit_line_before_month"


class PostgresMonths:
    """`database` needs time: what was there before there were months is read through once, in the background."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def prepare(self, *months: date) -> None:
        """Create the partitions of these months, as far as they are not there. Raises `Unavailable`.

        The default partition is validated first: then PostgreSQL knows, without a look at its rows under a lock,
        that none of them is of another month. No step keeps readers or writers waiting for longer than `PATIENCE`.
        """
        async with self._database.connection() as connection:
            known = {record[0] for record in await connection.fetch("SELECT month FROM audit_month")}
            if known.issuperset(months):
                return
            if await connection.fetchval(_UNVALIDATED):
                await connection.execute(_VALIDATE)
        for month in months:
            async with self._database.transaction() as connection:
                await connection.execute(_BEGIN, MONTHS_LOCK_ID, PATIENCE)
                await connection.execute("SELECT audit_create_month($1)", month)

    async def all(self) -> Sequence[Month]:
        async with self._database.connection() as connection:
            records = await connection.fetch(_ALL)
        return [
            Month(
                month=r["month"],
                first_seq=r["first_seq"],
                previous_hash=r["previous_hash"],
                last=None if r["last_seq"] is None else Head(r["last_seq"], r["last_hash"]),
                file=r["file"],
                sha256=r["file_sha256"],
                dropped=r["dropped"],
            )
            for r in records
        ]

    async def exported(self, month: date, last: Head, file: str, sha256: bytes) -> None:
        async with self._database.connection() as connection:
            await connection.execute(_EXPORTED, month, last.seq, last.hash, file, sha256)

    async def drop(self, month: date) -> None:
        """The partition and the note that it is gone, in one transaction."""
        async with self._database.transaction() as connection:
            await connection.execute(_BEGIN, MONTHS_LOCK_ID, PATIENCE)
            if (table := await connection.fetchval(_DROPPABLE, month)) is not None:
                await connection.execute(f"ALTER TABLE audit_line DETACH PARTITION {table}")
                await connection.execute(f"DROP TABLE {table}")
                await connection.execute(_DROPPED, month)
