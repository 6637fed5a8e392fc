from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
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


@dataclass
class Emptied:
    """One database for the tests of a file: each begins without a row."""

    database: Database
    empty: Callable[[], Awaitable[None]]


@pytest.fixture(scope="module")
async def emptied(registry_template: RegistryTemplate) -> AsyncIterator[Emptied]:
    async with registry_template.copy() as url, registry_template.emptying(url) as empty:
        found = Database(url, schema=SCHEMA, timeout=BUSY_MACHINE_LIMIT_S)
        await found.start()
        yield Emptied(found, empty)
        await found.stop()


@pytest.fixture
async def database(emptied: Emptied) -> Database:
    """Empty, and without a registry."""
    await emptied.empty()
    return emptied.database
