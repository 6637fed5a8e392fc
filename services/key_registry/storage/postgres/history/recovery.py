"""The transaction in which a restored history is gone on with."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

from services.key_registry.history.ports import DatabaseState, RecoveryWriter, Restore
from services.key_registry.history.records import HistoryHead
from services.key_registry.storage.postgres.clock import server_time
from services.key_registry.storage.postgres.history import people
from services.key_registry.storage.postgres.history.state import database_state
from services.key_registry.storage.postgres.statements import WRITER_LOCK_ID
from services.key_registry.storage.postgres.store import PostgresWriter
from shared.postgres.pool import Database

_KEEP = """
INSERT INTO history_restore (at, found_seq, lost_seq, resumed_seq, found_audit_seq, lost_audit_seq, report)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
_KEYS = "SELECT report->'keys' FROM signing_key_report"
MAY_HAVE_SIGNED = frozenset({"signing", "retiring", "confirmed", "published"})


class PostgresRecoveryWriter(PostgresWriter):
    async def state(self, heads: Sequence[HistoryHead]) -> DatabaseState:
        return await database_state(self._connection, heads)

    async def time(self) -> float:
        return await server_time(self._connection)

    def go_on_after(self, seq: int) -> None:
        self.not_below = seq

    async def keep_restore(self, restore: Restore) -> None:
        positions = (restore.found_seq, restore.lost_seq, restore.resumed_seq)
        audit = (restore.found_audit_seq, restore.lost_audit_seq)
        await self._connection.execute(_KEEP, restore.at, *positions, *audit, restore.report)

    async def hold_person(
        self, id_: str, changed: float | None, status: str, at: datetime
    ) -> tuple[UUID | None] | None:
        found = await people.hold_person(self._connection, id_, changed, status, at)
        return None if found is None else (found["company_id"],)

    async def hold_webhook(self, id_: str, changed: float | None, at: datetime) -> tuple[UUID | None] | None:
        found = await people.hold_webhook(self._connection, id_, changed, at)
        return None if found is None else (found["company_id"],)

    async def end_all_sessions(self, at: datetime) -> Mapping[str, int]:
        return await people.end_sessions(self._connection, at)

    async def signing_kids(self) -> Sequence[str]:
        keys = await self._connection.fetchval(_KEYS)
        return [key["kid"] for key in keys or () if key["state"] in MAY_HAVE_SIGNED]


class PostgresRecovery:
    """`database` has the time that this takes, waiting for the writers of other processes included."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def recovering(self) -> AsyncIterator[RecoveryWriter]:
        async with self._database.transaction() as connection:
            await connection.execute("SELECT pg_advisory_xact_lock($1)", WRITER_LOCK_ID)
            yield PostgresRecoveryWriter(connection)
