"""The months of the audit trail in PostgreSQL: each a partition, there before its first line."""

from datetime import date

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
