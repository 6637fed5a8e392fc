from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.services.key_registry.people.joining import People, running_people
from tests.support.harness.registry_databases import RegistryTemplate


@pytest.fixture(scope="module")
async def people(
    registry_template: RegistryTemplate, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[People]:
    """A registry whose clock is to be moved, and people who join it."""
    directory: Path = tmp_path_factory.mktemp("registry")
    async with registry_template.copy() as url, running_people(url, directory) as running:
        yield running
