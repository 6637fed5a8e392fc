"""Checkpoints of the audit trail, and the name of its history, in PostgreSQL."""

from collections.abc import Sequence

from services.key_registry.audit_trail.chain import Head
from services.key_registry.audit_trail.ports import KeptCheckpoint
from services.key_registry.storage.postgres.audit_trail.lines import head_of
from services.key_registry.storage.postgres.history.name import give_name, name_of
from shared.postgres.pool import Database

_NEWEST = """
SELECT number, extract(epoch FROM at)::float8 AS at, jws FROM audit_checkpoint
WHERE ($1::bigint IS NULL OR number < $1) ORDER BY number DESC LIMIT $2
"""


class PostgresCheckpoints:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def head(self) -> Head:
        async with self._database.connection() as connection:
            return await head_of(connection)

    async def epoch(self) -> str:
        async with self._database.connection() as connection:
            return await name_of(connection) or await give_name(connection)

    async def keep(self, jws: str, at: float) -> None:
        async with self._database.connection() as connection:
            await connection.execute(
                "INSERT INTO audit_checkpoint (at, jws) VALUES (to_timestamp($1::float8), $2)", at, jws
            )

    async def newest(self, before: int | None, limit: int) -> Sequence[KeptCheckpoint]:
        async with self._database.connection() as connection:
            return [KeptCheckpoint(**record) for record in await connection.fetch(_NEWEST, before, limit)]

    async def prune(self, before: float) -> None:
        async with self._database.connection() as connection:
            await connection.execute("DELETE FROM audit_checkpoint WHERE at < to_timestamp($1::float8)", before)
