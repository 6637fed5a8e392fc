"""A console over a registry that runs whole, and an owner who has signed in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.browser.browser import Browser
from tests.support.harness.console import Console, running_console
from tests.support.harness.key_registry import running_registry
from tests.support.harness.registry_databases import RegistryTemplate
from tests.support.waiting import BUSY_MACHINE_LIMIT_S


@asynccontextmanager
async def whole_console(template: RegistryTemplate, directory: Path) -> AsyncIterator[Console]:
    (directory / "webhook_key").write_text("k" * 42 + "w")
    settings: dict[str, Any] = {"webhook_key_file": directory / "webhook_key"}
    settings["console_url"] = "http://localhost:8106"
    settings |= {"webhook_private_networks": "127.0.0.0/8", "store_timeout": BUSY_MACHINE_LIMIT_S}
    async with (
        template.copy() as database_url,
        running_registry(database_url, directory, **settings) as registry,
        running_console(registry) as running,
    ):
        yield running


@pytest.fixture(scope="module")
async def console(
    registry_template: RegistryTemplate, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Console]:
    """One for all tests of a module: each makes what it needs."""
    async with whole_console(registry_template, tmp_path_factory.mktemp("console")) as running:
        yield running


@pytest.fixture
async def empty_console(registry_template: RegistryTemplate, tmp_path: Path) -> AsyncIterator[Console]:
    """One at which nobody has made anything."""
    async with whole_console(registry_template, tmp_path) as running:
        yield running


@pytest.fixture
async def owner(console: Console) -> Browser:
    return await console.person("owner")
