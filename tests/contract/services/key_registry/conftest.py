"""Both stores of the registry, which must behave alike."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from services.key_registry.storage.postgres import MIGRATIONS, SCHEMA
from services.key_registry.storage.postgres.audit_lines import PostgresAuditLines
from services.key_registry.storage.postgres.changes import PostgresChanges
from services.key_registry.storage.postgres.consumers import PostgresConsumers
from services.key_registry.storage.postgres.credentials import PostgresCredentials
from services.key_registry.storage.postgres.store import PostgresStore
from shared.postgres.migrations import migrate
from shared.postgres.pool import Database
from tests.support.doubles.key_registry import MemoryConsumers, MemoryStore
from tests.support.harness.key_registry_stores import Stores


@pytest.fixture(params=["memory", "postgres"])
async def stores(request: pytest.FixtureRequest, database_url: str) -> AsyncIterator[Stores]:
    if request.param == "memory":
        memory = MemoryStore()
        yield Stores(memory, memory, memory, memory, MemoryConsumers(memory))
        return
    await asyncio.to_thread(migrate, database_url, schema=SCHEMA, folder=MIGRATIONS)
    database = Database(database_url, schema=SCHEMA)
    await database.start()
    yield Stores(
        PostgresStore(database),
        PostgresCredentials(database),
        PostgresChanges(database),
        PostgresAuditLines(database),
        PostgresConsumers(database),
    )
    await database.stop()
