"""What the token issuer last reported of its signing keys: one row, and never an older report over a newer one."""

from shared.contracts.signing_keys import SigningKeyReport
from shared.postgres.pool import Database

_KEEP = """
INSERT INTO signing_key_report (read_at, report) VALUES ($1, $2)
ON CONFLICT (the_only_one) DO UPDATE SET read_at = excluded.read_at, report = excluded.report
WHERE signing_key_report.read_at <= excluded.read_at
"""


class PostgresSigningKeyReports:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, report: SigningKeyReport) -> None:
        async with self._database.connection() as connection:
            await connection.execute(_KEEP, report.read_at, report.model_dump(mode="json"))

    async def newest(self) -> SigningKeyReport | None:
        async with self._database.connection() as connection:
            kept = await connection.fetchval("SELECT report FROM signing_key_report")
        return None if kept is None else SigningKeyReport.model_validate(kept)
