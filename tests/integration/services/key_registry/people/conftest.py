from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from services.key_registry.people.passwords import PARAMETERS
from tests.integration.services.key_registry.people.joining import People
from tests.support.clock import FakeClock
from tests.support.harness.key_registry import running_registry
from tests.support.harness.registry_databases import RegistryTemplate
from tests.support.waiting import BUSY_MACHINE_LIMIT_S

CONSOLE_URL = "http://localhost:8106"
"""Where browsers know passkeys."""


@pytest.fixture(scope="module")
async def people(
    registry_template: RegistryTemplate, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[People]:
    """A registry whose clock is to be moved, and people who join it."""
    clock, passwords = FakeClock(), "services.key_registry.people.passwords.PARAMETERS"
    directory: Path = tmp_path_factory.mktemp("registry")
    (directory / "webhook_key").write_text("k" * 42 + "w")
    settings: dict[str, Any] = {
        "store_timeout": BUSY_MACHINE_LIMIT_S,
        "webhook_key_file": directory / "webhook_key",
        "webhook_private_networks": "127.0.0.0/8",
        "console_url": CONSOLE_URL,
    }
    cheap = replace(PARAMETERS, memory_cost=64, time_cost=1)
    async with registry_template.copy() as url:
        with patch(passwords, cheap):
            async with running_registry(url, directory, clock=clock, **settings) as registry:
                yield People(registry, clock)
