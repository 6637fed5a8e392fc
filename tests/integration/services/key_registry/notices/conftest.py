from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.key_registry.storage.postgres import SCHEMA
from shared.postgres.pool import Database
from tests.support.harness.key_registry import Running, running_registry
from tests.support.harness.registry_databases import RegistryTemplate
from tests.support.waiting import BUSY_MACHINE_LIMIT_S

KEY = "k" * 42 + "w"


@pytest.fixture(scope="module")
async def running(
    registry_template: RegistryTemplate, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Running]:
    """A registry that may deliver to this machine."""
    directory = tmp_path_factory.mktemp("registry")
    (directory / "webhook_key").write_text(KEY)
    settings: dict[str, Any] = {"webhook_key_file": directory / "webhook_key"}
    settings["webhook_private_networks"] = "127.0.0.0/8"
    async with (
        registry_template.copy() as url,
        running_registry(url, directory, **settings) as registry,
    ):
        yield registry


@pytest.fixture
async def database(registry_template: RegistryTemplate) -> AsyncIterator[Database]:
    """One of its own, without a registry."""
    async with registry_template.copy() as url:
        found = Database(url, schema=SCHEMA, timeout=BUSY_MACHINE_LIMIT_S)
        await found.start()
        yield found
        await found.stop()
