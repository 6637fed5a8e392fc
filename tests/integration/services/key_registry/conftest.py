from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.services.key_registry.running import Admin, Running, migrate, running_registry


@pytest.fixture
async def running(database_url: str, tmp_path: Path) -> AsyncIterator[Running]:
    await migrate(database_url)
    async with running_registry(database_url, tmp_path) as registry:
        yield registry


@pytest.fixture
def owner(running: Running) -> Admin:
    return running.owner
