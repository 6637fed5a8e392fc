"""Each proxy with its file of deploy/proxies, and beside it the gateway, before the same service.

One that is not installed is skipped: `make bench-peers` installs them.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from yarl import URL

from tests.support.harness.front_proxies import FRONT_PROXIES, BehindProxy, front_proxy
from tests.support.harness.gateway import Gateway, Surroundings, surroundings
from tests.support.http1.upstream import Upstream, running_upstream

ROUTES = """
upstreams:
  sample: {{url: "http://127.0.0.1:{port}"}}
routes:
  - {{name: site, path: /site, methods: [GET], credential: jwt, scopes: [], upstream: sample}}
  - {{name: written, path: /written, methods: [GET], credential: jwt, scopes: [site:write], upstream: sample}}
  - {{name: sms, path: /sms, methods: [GET, POST], credential: api_token, application: SMS, upstream: sample}}
  - {{name: editor, path: /editor, methods: [GET], credential: session_token, upstream: sample}}
  - {{name: open, prefix: /open, methods: any, credential: none, upstream: sample}}
"""


@pytest.fixture(scope="package")
async def around(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Surroundings]:
    async with surroundings(tmp_path_factory.mktemp("surroundings")) as around:
        yield around


@pytest.fixture(scope="package")
async def service() -> AsyncIterator[Upstream]:
    async with running_upstream() as upstream:
        yield upstream


@pytest.fixture(scope="package")
def routes_file(around: Surroundings, service: Upstream) -> Path:
    routes = around.directory / "own.yaml"
    routes.write_text(ROUTES.format(port=service.port))
    return routes


@pytest.fixture(scope="package")
async def gateway(around: Surroundings, routes_file: Path) -> AsyncIterator[Gateway]:
    async with around.gateway(decision_port=0, trusted_proxies="127.0.0.1/32", routes_file=routes_file) as gateway:
        yield gateway


@pytest.fixture(scope="package", params=FRONT_PROXIES)
async def proxy(
    request: pytest.FixtureRequest,
    around: Surroundings,
    gateway: Gateway,
    service: Upstream,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[BehindProxy]:
    name = request.param
    require(name)
    decisions = URL(gateway.decision_url).port
    assert decisions is not None
    directory = tmp_path_factory.mktemp(name)
    async with front_proxy(name, directory, decisions=decisions, service=service.port) as port:
        yield BehindProxy(name, port, gateway, service, around)


def require(name: str) -> None:
    """Skip a test of a proxy that is not here."""
    if FRONT_PROXIES[name].program() is None:
        pytest.skip(f"{name} is not installed: make bench-peers")
