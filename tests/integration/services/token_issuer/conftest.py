import secrets
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import asyncpg
import pytest

from deploy.local.stores.postgres import OWNER, create_owner_and_database
from services.token_issuer.config import Settings
from tests.support.doubles.registry import RegistryDouble
from tests.support.harness.serving import ServiceKeys
from tests.support.harness.token_issuer import Issuer, running, settings_for


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> ServiceKeys:
    return ServiceKeys(tmp_path_factory.mktemp("keys"))


@pytest.fixture
async def settings(database_url: str, redis_database: str, keys: ServiceKeys) -> Settings:
    """Of an issuer that no other test uses, its schema migrated."""
    return await settings_for(database_url, redis_database, keys)


@pytest.fixture
async def issuer(settings: Settings) -> AsyncIterator[Issuer]:
    async with running(settings, RegistryDouble()) as issuer:
        yield issuer


@pytest.fixture(scope="module")
async def shared_issuer(postgres_url: str, redis_url: str, keys: ServiceKeys) -> AsyncIterator[Issuer]:
    """One issuer for all the tests of a module: none of them may change what the others see."""
    name, server = f"test_{secrets.token_hex(6)}", urlsplit(postgres_url)
    await create_owner_and_database(postgres_url, server.password or "", name)
    database_url = f"postgresql://{OWNER}:{server.password}@{server.hostname}:{server.port}/{name}"
    settings = await settings_for(database_url, redis_url, keys)
    async with running(settings, RegistryDouble()) as issuer:
        yield issuer
    connection = await asyncpg.connect(postgres_url, timeout=10)
    await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    await connection.close(timeout=10)
