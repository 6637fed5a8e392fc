"""What the token issuer last reported of its signing keys: one row, and never an older report over a newer one."""

from datetime import UTC, datetime, timedelta

from shared.contracts.access_token import MAX_ACCESS_TOKEN_LIFETIME_S
from shared.contracts.signing_keys import SigningKeyReport
from shared.postgres.pool import Database

_KEEP = """
INSERT INTO signing_key_report (read_at, report) VALUES ($1, $2)
ON CONFLICT (the_only_one) DO UPDATE SET read_at = excluded.read_at, report = excluded.report
WHERE signing_key_report.read_at <= excluded.read_at
"""


_LIVE = """
SELECT count(*) FROM (
    SELECT FROM audit_line
    WHERE at > clock_timestamp() - make_interval(secs => $2) AND month >= $3 AND action = 'token.issued'
        AND detail->>'signing_key' = $1
        AND (detail->>'expires_at')::float8 > extract(epoch FROM clock_timestamp())
    LIMIT $4
) AS live
"""
LONGEST_LIFE_S = MAX_ACCESS_TOKEN_LIFETIME_S + 60.0


class PostgresSigningKeyReports:
    """`patient`: a database that one may wait for, for what looks through an hour of the audit trail."""

    def __init__(self, database: Database, patient: Database) -> None:
        self._database = database
        self._patient = patient

    async def live_tokens(self, kid: str, limit: int) -> int:
        since = (datetime.now(UTC) - timedelta(days=2)).date().replace(day=1)
        async with self._patient.connection() as connection:
            return int(await connection.fetchval(_LIVE, kid, LONGEST_LIFE_S, since, limit))

    async def keep(self, report: SigningKeyReport) -> None:
        async with self._database.connection() as connection:
            await connection.execute(_KEEP, report.read_at, report.model_dump(mode="json"))

    async def newest(self) -> SigningKeyReport | None:
        async with self._database.connection() as connection:
            kept = await connection.fetchval("SELECT report FROM signing_key_report")
        return None if kept is None else SigningKeyReport.model_validate(kept)
