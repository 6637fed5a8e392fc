from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from services.key_registry.history import copies as history_copies
from tests.integration.services.key_registry.restoring import Place
from tests.support.harness.database_copies import DatabaseCopies
from tests.support.harness.key_registry import Admin, Running, running_registry
from tests.support.harness.registry_databases import RegistryTemplate
from tests.support.waiting import BUSY_MACHINE_LIMIT_S


@pytest.fixture(scope="module")
async def running(
    registry_template: RegistryTemplate, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Running]:
    """One registry for the tests of a file, which leave each other's objects alone."""
    async with (
        registry_template.copy() as url,
        running_registry(url, tmp_path_factory.mktemp("registry")) as registry,
    ):
        yield registry


@pytest.fixture
def owner(running: Running) -> Admin:
    return running.owner


@pytest.fixture
async def copies(
    registry_database_url: str, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[DatabaseCopies]:
    """A write waits for the copies for as long as a busy machine needs: it may be lost the next moment."""
    monkeypatch.setattr(history_copies, "WAIT_S", BUSY_MACHINE_LIMIT_S)
    copies = DatabaseCopies(postgres_url, urlsplit(registry_database_url).path[1:])
    yield copies
    await copies.discard()


@pytest.fixture
def place(registry_database_url: str, redis_database: str, tmp_path: Path) -> Place:
    return Place(registry_database_url, redis_database, tmp_path)
