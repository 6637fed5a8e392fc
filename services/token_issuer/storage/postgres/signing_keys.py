"""Signing keys in PostgreSQL. Times are by its clock; all that write take the same lock."""

from collections.abc import Sequence

import asyncpg

from services.token_issuer.storage.ports import SigningKeyRecord
from services.token_issuer.storage.postgres import SCHEMA
from shared.postgres.pool import Connection, Database

_LOCK_KEYS = "SELECT pg_advisory_xact_lock(hashtext('passgate signing keys'))"
# A time in the future is 'infinity', or that of a command of the release before: it decides nothing.
_ALL = """
    SELECT kid, algorithm, public_jwk, sealed, created_at, confirmed_at, retiring_at, revoked_at,
        CASE WHEN activates_at <= clock_timestamp() THEN activates_at END AS activates_at
    FROM signing_key ORDER BY kid
"""
_INSERT = """
    INSERT INTO signing_key (kid, algorithm, public_jwk, sealed, created_at, activates_at)
    VALUES ($1, $2, $3, $4, clock_timestamp(), CASE WHEN $5 THEN clock_timestamp() ELSE 'infinity' END)
"""
_FIND_PENDING = "SELECT 1 FROM signing_key WHERE revoked_at IS NULL AND activates_at > clock_timestamp() LIMIT 1"
_ACTIVATE = """
    UPDATE signing_key SET activates_at = clock_timestamp()
    WHERE kid = $1 AND revoked_at IS NULL AND activates_at > clock_timestamp() RETURNING activates_at
"""
_RETIRE_OTHERS = """
    UPDATE signing_key SET retiring_at = $2
    WHERE kid <> $1 AND retiring_at IS NULL AND revoked_at IS NULL AND activates_at <= $2
"""
_REVOKE = """
    UPDATE signing_key SET revoked_at = clock_timestamp(), sealed = ''
    WHERE kid = $1 AND revoked_at IS NULL RETURNING 1
"""
_CONFIRM = """
    UPDATE signing_key SET confirmed_at = CASE WHEN $2 THEN clock_timestamp() END
    WHERE kid = $1 AND revoked_at IS NULL AND activates_at > clock_timestamp() AND (confirmed_at IS NOT NULL) <> $2
"""


class PostgresSigningKeys:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> Sequence[SigningKeyRecord]:
        async with self._database.connection() as connection:
            return [_key(row) for row in await connection.fetch(_ALL)]

    async def time(self) -> float:
        async with self._database.connection() as connection:
            return float(await connection.fetchval("SELECT extract(epoch FROM clock_timestamp())::float8"))

    async def add_first(self, record: SigningKeyRecord) -> bool:
        async with self._database.transaction() as connection:
            await connection.execute(_LOCK_KEYS)
            if await connection.fetchval("SELECT 1 FROM signing_key LIMIT 1"):
                return False
            await _insert(connection, record, signs=True)
            return True

    async def add_pending(self, record: SigningKeyRecord) -> bool:
        async with self._database.transaction() as connection:
            await connection.execute(_LOCK_KEYS)
            if await connection.fetchval(_FIND_PENDING):
                return False
            await _insert(connection, record, signs=False)
            return True

    async def set_confirmed(self, kid: str, *, confirmed: bool) -> bool:
        async with self._database.connection() as connection:
            status: str = await connection.execute(_CONFIRM, kid, confirmed)
        return status == "UPDATE 1"

    async def activate(self, kid: str) -> bool:
        async with self._database.transaction() as connection:
            await connection.execute(_LOCK_KEYS)
            at = await connection.fetchval(_ACTIVATE, kid)
            if at is None:
                return False
            await connection.execute(_RETIRE_OTHERS, kid, at)
            return True

    async def revoke(self, kid: str) -> bool:
        async with self._database.transaction() as connection:
            await connection.execute(_LOCK_KEYS)
            return await connection.fetchval(_REVOKE, kid) is not None

    async def destroy_private(self, kids: Sequence[str]) -> None:
        async with self._database.connection() as connection:
            await connection.execute("UPDATE signing_key SET sealed = '' WHERE kid = ANY($1)", list(kids))

    async def remove(self, kids: Sequence[str]) -> None:
        async with self._database.connection() as connection:
            await connection.execute("DELETE FROM signing_key WHERE kid = ANY($1)", list(kids))

    async def require_known_schema(self) -> None:
        await SCHEMA.require_known(self._database)


async def _insert(connection: Connection, record: SigningKeyRecord, *, signs: bool) -> None:
    await connection.execute(_INSERT, record.kid, record.algorithm, record.public_jwk, record.sealed, signs)


def _key(row: asyncpg.Record) -> SigningKeyRecord:
    def seconds(column: str) -> float | None:
        return row[column].timestamp() if row[column] else None

    return SigningKeyRecord(
        kid=row["kid"],
        algorithm=row["algorithm"],
        public_jwk=row["public_jwk"],
        sealed=row["sealed"],
        published_at=row["created_at"].timestamp(),
        confirmed_at=seconds("confirmed_at"),
        signing_since=seconds("activates_at"),
        retiring_since=seconds("retiring_at"),
        revoked_at=seconds("revoked_at"),
    )
