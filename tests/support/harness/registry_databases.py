"""Databases at the registry's newest revision, each a copy of one that was migrated once."""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

import asyncpg

from deploy.local.stores.postgres import OWNER, create_owner_and_database
from services.key_registry.storage.postgres import SCHEMA
from tests.support.harness.key_registry import migrate

NEVER_EMPTY = ("alembic_version", "audit_month")
"""The tables that have rows once the schema is migrated."""


@dataclass(frozen=True)
class RegistryTemplate:
    """Nobody may be connected to the template itself while it is copied."""

    superuser_url: str
    name: str

    @classmethod
    @asynccontextmanager
    async def migrated(cls, superuser_url: str) -> AsyncIterator[Self]:
        template = cls(superuser_url, f"registry_{secrets.token_hex(6)}")
        await create_owner_and_database(superuser_url, urlsplit(superuser_url).password or "", template.name)
        await migrate(template.url_of(template.name))
        yield template
        await template._execute(f'DROP DATABASE "{template.name}" WITH (FORCE)')

    @asynccontextmanager
    async def copy(self) -> AsyncIterator[str]:
        """The URL of a database of one's own, as the role that owns it (no superuser); dropped afterwards."""
        name = f"test_{secrets.token_hex(6)}"
        await self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{self.name}" OWNER "{OWNER}"')
        yield self.url_of(name)
        await self._execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def url_of(self, name: str) -> str:
        server = urlsplit(self.superuser_url)
        return f"postgresql://{OWNER}:{server.password}@{server.hostname}:{server.port}/{name}"

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

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self.superuser_url, timeout=10)
        try:
            await connection.execute(statement)
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
