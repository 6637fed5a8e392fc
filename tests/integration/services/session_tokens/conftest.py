from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import aiohttp
import pytest

from tests.support.doubles.registry import RegistryDouble
from tests.support.doubles.registry_server import registry_server
from tests.support.harness.proxy import FaultProxy
from tests.support.harness.serving import ServiceKeys
from tests.support.harness.session_tokens import Service, Stack


@pytest.fixture(scope="session")
def service_keys(tmp_path_factory: pytest.TempPathFactory) -> ServiceKeys:
    return ServiceKeys(tmp_path_factory.mktemp("keys"))


@pytest.fixture
async def proxy(redis_database: str) -> AsyncIterator[FaultProxy]:
    """Between the service and its store."""
    url = urlsplit(redis_database)
    async with FaultProxy(url.hostname or "", url.port or 0) as proxy:
        yield proxy


@pytest.fixture
async def stack(redis_database: str, proxy: FaultProxy, service_keys: ServiceKeys) -> AsyncIterator[Stack]:
    credentials = urlsplit(redis_database).netloc.rpartition("@")[0]
    redis_url = f"redis://{credentials}@127.0.0.1:{proxy.port}/0"
    registry = RegistryDouble()
    async with registry_server(registry) as url, aiohttp.ClientSession() as http:
        yield Stack(redis_url, url, registry, service_keys, http)


@pytest.fixture
async def service(stack: Stack) -> AsyncIterator[Service]:
    async with stack.copy() as service:
        yield service
