from collections.abc import AsyncIterator

import pytest

from services.token_issuer.config import Settings
from tests.support.doubles.registry import RegistryDouble
from tests.support.harness.database_template import DatabaseTemplate
from tests.support.harness.serving import ServiceKeys
from tests.support.harness.token_issuer import Issuer, running, settings_for


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> ServiceKeys:
    return ServiceKeys(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def settings(issuer_database_url: str, redis_database: str, keys: ServiceKeys) -> Settings:
    """Of an issuer that no other test uses, its schema migrated."""
    return settings_for(issuer_database_url, redis_database, keys)


@pytest.fixture
async def issuer(settings: Settings) -> AsyncIterator[Issuer]:
    async with running(settings, RegistryDouble()) as issuer:
        yield issuer


@pytest.fixture(scope="module")
async def shared_issuer(
    issuer_template: DatabaseTemplate, redis_url: str, keys: ServiceKeys
) -> AsyncIterator[Issuer]:
    """One issuer for all the tests of a module: none of them may change what the others see.

    It signs by the default algorithm.
    """
    async with issuer_template.copy() as database_url:
        settings = settings_for(database_url, redis_url, keys).model_copy(update={"signing_algorithm": "RS384"})
        async with running(settings, RegistryDouble()) as issuer:
            yield issuer
