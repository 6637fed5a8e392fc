from collections.abc import AsyncIterator

import pytest

from tests.support.harness.key_registry import Admin, Running, running_registry
from tests.support.harness.registry_databases import RegistryTemplate


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
