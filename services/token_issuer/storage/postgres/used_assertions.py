"""Used assertions in PostgreSQL."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from shared.postgres.pool import Database

_USE = """
WITH used AS (
    INSERT INTO used_jti (kid, jti_digest, expires_at) VALUES ($1, $2, $3)
    ON CONFLICT (kid, jti_digest) DO NOTHING RETURNING true
)
SELECT EXISTS (SELECT FROM used) AS first, concat_ws('-',
    (SELECT oid FROM pg_database WHERE datname = current_database()),
    'used_jti'::regclass::oid,
    pg_postmaster_start_time()
) AS identity
"""
"""A database, a table or a server that took the place of another one has another identity."""


class PostgresUsedAssertions:
    """`confirm` is called when the table may have been restored: it returns once the registry has compared its
    history, and raises `Unavailable` when that is not known."""

    def __init__(self, database: Database, confirm: Callable[[], Awaitable[None]] | None = None) -> None:
        self._database = database
        self._confirm = confirm
        self._identity: str | None = None

    async def use(self, kid: str, jti_digest: bytes, expires_at: float) -> bool:
        async with self._database.connection() as connection:
            first, identity = await connection.fetchrow(_USE, kid, jti_digest, _time(expires_at))
        if identity != self._identity and self._confirm is not None:
            await self._confirm()
            self._identity = identity
        return bool(first)

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
