import secrets
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest

from deploy.local.stores.postgres import OWNER, create_owner_and_database
from tests.support.harness.key_registry import Admin, Running, migrate, running_registry


@pytest.fixture(scope="module")
async def running(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """One registry for the tests of a file, which leave each other's objects alone."""
    name, server = f"test_{secrets.token_hex(6)}", urlsplit(postgres_url)
    await create_owner_and_database(postgres_url, server.password or "", name)
    url = f"postgresql://{OWNER}:{server.password}@{server.hostname}:{server.port}/{name}"
    await migrate(url)
    async with running_registry(url, tmp_path_factory.mktemp("registry")) as registry:
        yield registry


@pytest.fixture
def owner(running: Running) -> Admin:
    return running.owner
