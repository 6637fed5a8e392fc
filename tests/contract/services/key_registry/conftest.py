"""Both stores of the registry, which must behave alike."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest

from services.key_registry.storage.postgres import SCHEMA
from services.key_registry.storage.postgres.audit_trail.checkpoints import PostgresCheckpoints
from services.key_registry.storage.postgres.audit_trail.lines import PostgresAuditLines
from services.key_registry.storage.postgres.changes import PostgresChanges
from services.key_registry.storage.postgres.consumers import PostgresConsumers
from services.key_registry.storage.postgres.credentials import PostgresCredentials
from services.key_registry.storage.postgres.store import PostgresStore
from shared.postgres.pool import Database
from tests.support.doubles.key_registry import MemoryCheckpoints, MemoryConsumers, MemoryStore
from tests.support.harness.key_registry_stores import Stores
from tests.support.harness.registry_databases import RegistryTemplate


@dataclass
class Emptied:
    """One database for the tests of a file: each begins without a row."""

    database: Database
    empty: Callable[[], Awaitable[None]]

    @property
    def stores(self) -> Stores:
        database = self.database
        return Stores(
            PostgresStore(database),
            PostgresCredentials(database),
            PostgresChanges(database),
            PostgresAuditLines(database),
            PostgresConsumers(database),
            PostgresCheckpoints(database),
        )


@pytest.fixture(scope="module")
async def emptied(registry_template: RegistryTemplate) -> AsyncIterator[Emptied]:
    async with registry_template.copy() as url, registry_template.emptying(url) as empty:
        database = Database(url, schema=SCHEMA)
        await database.start()
        yield Emptied(database, empty)
        await database.stop()


@pytest.fixture(params=["memory", "postgres"])
async def stores(request: pytest.FixtureRequest, emptied: Emptied) -> Stores:
    if request.param == "memory":
        memory = MemoryStore()
        return Stores(memory, memory, memory, memory, MemoryConsumers(memory), MemoryCheckpoints(memory))
    await emptied.empty()
    return emptied.stores
