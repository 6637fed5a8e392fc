"""Databases at the registry's newest revision, each a copy of one that was migrated once."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import asyncpg

from services.key_registry.storage.postgres import SCHEMA
from tests.support.harness.database_template import DatabaseTemplate

NEVER_EMPTY = ("alembic_version", "audit_month")
"""The tables that have rows once the schema is migrated."""


class RegistryTemplate(DatabaseTemplate):
    @asynccontextmanager
    async def emptying(self, database_url: str) -> AsyncIterator[Callable[[], Awaitable[None]]]:
        """Deletes all rows of a copy, as only a superuser can: the audit trail is append-only."""
        server = urlsplit(self.superuser_url)._replace(path=urlsplit(database_url).path)
        connection = await asyncpg.connect(server.geturl(), timeout=10)
        await connection.execute("SET session_replication_role = replica")
        tables = await connection.fetch(
            "SELECT format('DELETE FROM %I.%I', schemaname, tablename) FROM pg_tables"
            " WHERE schemaname = $1 AND tablename <> ALL($2)",
            *(SCHEMA, list(NEVER_EMPTY)),
        )
        statements = [*(record[0] for record in tables), f"UPDATE {SCHEMA}.audit_month SET first_seq = NULL"]
        statement = ";".join(statements)

        async def empty() -> None:
            await connection.execute(statement)

        try:
            yield empty
        finally:
            await connection.close(timeout=10)


async def tamper(connection: asyncpg.Connection, *statements: str) -> None:
    """What only the owner of the audit trail's tables can do to its lines."""
    parts = await connection.fetch(
        "SELECT relid::regclass::text FROM pg_partition_tree($1::regclass) WHERE isleaf", f"{SCHEMA}.audit_line"
    )
    for (part,) in parts:
        await connection.execute(f"ALTER TABLE {part} DISABLE TRIGGER audit_is_append_only")
    for statement in statements:
        await connection.execute(statement)
