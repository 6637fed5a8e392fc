"""Signing keys in PostgreSQL."""

from collections.abc import Sequence
from datetime import UTC, datetime

import asyncpg

from services.token_issuer.storage.ports import SigningKeyRecord
from services.token_issuer.storage.postgres import SCHEMA
from shared.postgres.pool import Connection, Database

_LOCK_KEYS = "SELECT pg_advisory_xact_lock(hashtext('passgate signing keys'))"
_INSERT_KEY = """
    INSERT INTO signing_key (kid, algorithm, public_jwk, sealed, activates_at) VALUES ($1, $2, $3, $4, $5)
"""


class PostgresSigningKeys:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> Sequence[SigningKeyRecord]:
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                "SELECT kid, algorithm, public_jwk, sealed, activates_at, revoked_at FROM signing_key ORDER BY kid"
            )
        return [_key(row) for row in rows]

    async def time(self) -> float:
        async with self._database.connection() as connection:
            return float(await connection.fetchval("SELECT extract(epoch FROM clock_timestamp())::float8"))

    async def add_first(self, record: SigningKeyRecord) -> bool:
        async with self._database.transaction() as connection:
            await connection.execute(_LOCK_KEYS)
            if await connection.fetchval("SELECT 1 FROM signing_key WHERE revoked_at IS NULL LIMIT 1"):
                return False
            await _insert(connection, record)
            return True

    async def add(self, record: SigningKeyRecord) -> None:
        async with self._database.transaction() as connection:
            await connection.execute(_LOCK_KEYS)
            await _insert(connection, record)

    async def revoke(self, kid: str, at: float, successor: SigningKeyRecord) -> bool:
        async with self._database.transaction() as connection:
            await connection.execute(_LOCK_KEYS)
            revoked = await connection.fetchval(
                "UPDATE signing_key SET revoked_at = $2 WHERE kid = $1 AND revoked_at IS NULL RETURNING 1",
                kid,
                _time(at),
            )
            if revoked is None:
                return False
            await _insert(connection, successor)
            return True

    async def require_known_schema(self) -> None:
        await SCHEMA.require_known(self._database)

    async def remove(self, kids: Sequence[str]) -> None:
        async with self._database.connection() as connection:
            await connection.execute("DELETE FROM signing_key WHERE kid = ANY($1)", list(kids))


async def _insert(connection: Connection, record: SigningKeyRecord) -> None:
    await connection.execute(
        _INSERT_KEY,
        record.kid,
        record.algorithm,
        record.public_jwk,
        record.sealed,
        _time(record.activates_at),
    )


def _key(row: asyncpg.Record) -> SigningKeyRecord:
    return SigningKeyRecord(
        kid=row["kid"],
        algorithm=row["algorithm"],
        public_jwk=row["public_jwk"],
        sealed=row["sealed"],
        activates_at=row["activates_at"].timestamp(),
        revoked_at=row["revoked_at"].timestamp() if row["revoked_at"] else None,
    )


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
