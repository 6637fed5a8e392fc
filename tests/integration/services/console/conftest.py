"""A console over a registry that runs whole, and an owner who has signed in."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.browser.browser import Browser
from tests.support.harness.console import Console, running_console
from tests.support.harness.key_registry import running_registry
from tests.support.harness.registry_databases import RegistryTemplate
from tests.support.openid_provider import CLIENT_ID, CLIENT_SECRET, OpenIdProvider, running_provider
from tests.support.waiting import BUSY_MACHINE_LIMIT_S

CONSOLE_URL = "http://localhost:8106"
CALLBACK = "/sign-in/openid/callback"


@asynccontextmanager
async def whole_console(template: RegistryTemplate, directory: Path) -> AsyncIterator[Console]:
    (directory / "webhook_key").write_text("k" * 42 + "w")
    settings: dict[str, Any] = {"webhook_key_file": directory / "webhook_key"}
    settings["console_url"] = CONSOLE_URL
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


@pytest.fixture(scope="module")
async def with_provider(
    registry_template: RegistryTemplate, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Console, OpenIdProvider]]:
    """With an OpenID provider, by which everybody has to sign in."""
    directory: Path = tmp_path_factory.mktemp("console")
    (directory / "webhook_key").write_text("k" * 42 + "w")
    (directory / "client_secret").write_text(CLIENT_SECRET)
    settings: dict[str, Any] = {
        "webhook_key_file": directory / "webhook_key",
        "console_url": CONSOLE_URL,
        "openid_client_id": CLIENT_ID,
        "openid_client_secret_file": directory / "client_secret",
        "openid_name": "<b>Example</b>",
        "openid_required_for": "everybody",
    }
    async with (
        running_provider(f"{CONSOLE_URL}{CALLBACK}", time.time) as provider,
        registry_template.copy() as url,
        running_registry(url, directory, openid_issuer=provider.issuer, **settings) as registry,
        running_console(registry) as console,
    ):
        provider.console = f"{console.url}{CALLBACK}"
        yield console, provider
