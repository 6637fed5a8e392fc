"""The gateway as a process, in front of an upstream that records."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from deploy.generate_secrets import generate_secrets
from tests.support.harness.gateway_process import GatewayProcess, gateway_process
from tests.support.http1.upstream import Upstream, running_upstream


@pytest.fixture(scope="session")
def service_secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("secrets")
    generate_secrets(directory)
    return directory


@pytest.fixture(scope="session")
async def recorder() -> AsyncIterator[Upstream]:
    async with running_upstream() as upstream:
        yield upstream


@pytest.fixture(scope="session")
async def shared_gateway(
    recorder: Upstream,
    service_secrets: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[GatewayProcess]:
    directory = tmp_path_factory.mktemp("gateway")
    async with gateway_process(directory, service_secrets, recorder.port) as gateway:
        yield gateway


@pytest.fixture
def upstream(recorder: Upstream) -> Upstream:
    """The upstream of `gateway`, with nothing recorded yet."""
    recorder.reset()
    return recorder


@pytest.fixture
def gateway(shared_gateway: GatewayProcess, upstream: Upstream) -> GatewayProcess:
    return shared_gateway


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[Mapping[str, Any]]:
    """Of the access log of gateways in this process: what is not the same for all calls that are alike."""
    found: list[Mapping[str, Any]] = []
    monkeypatch.setattr("gateway.proxy.report.access", lambda line, own, **_: found.append({**line, **own}))
    return found
