from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.support.harness.operator_validator import Operator, operator_running
from tests.support.harness.serving import ServiceKeys


@pytest.fixture(scope="session")
def service_keys(tmp_path_factory: pytest.TempPathFactory) -> ServiceKeys:
    return ServiceKeys(tmp_path_factory.mktemp("keys"))


@pytest.fixture
async def operator(service_keys: ServiceKeys) -> AsyncIterator[Operator]:
    async with aiohttp.ClientSession() as http, operator_running(service_keys, http) as operator:
        yield operator
