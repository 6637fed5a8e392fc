"""Used assertions in PostgreSQL."""

from datetime import UTC, datetime

from shared.postgres.pool import Database


class PostgresUsedAssertions:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def use(self, kid: str, jti_digest: bytes, expires_at: float) -> bool:
        async with self._database.connection() as connection:
            status: str = await connection.execute(
                """
                INSERT INTO used_jti (kid, jti_digest, expires_at) VALUES ($1, $2, $3)
                ON CONFLICT (kid, jti_digest) DO NOTHING
                """,
                kid,
                jti_digest,
                _time(expires_at),
            )
        return status == "INSERT 0 1"

    async def was_used(self, kid: str, jti_digest: bytes) -> bool:
        async with self._database.connection() as connection:
            found = await connection.fetchval(
                "SELECT 1 FROM used_jti WHERE kid = $1 AND jti_digest = $2", kid, jti_digest
            )
        return found is not None

    async def delete_expired(self, before: float, *, limit: int) -> int:
        async with self._database.connection() as connection:
            status: str = await connection.execute(
                """
                DELETE FROM used_jti WHERE (kid, jti_digest) IN (
                    SELECT kid, jti_digest FROM used_jti WHERE expires_at < $1 LIMIT $2
                )
                """,
                _time(before),
                limit,
            )
        return int(status.removeprefix("DELETE "))


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
