"""A real HAProxy in front, which passes connections on and says whose they are: the gateway as it is deployed."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.support.free_port import free_port
from tests.support.harness.certificates import CertificateFiles, write_certificate
from tests.support.harness.gateway_process import GatewayProcess, gateway_process
from tests.support.harness.tls_client import exchange, statuses
from tests.support.http1.framing_payloads import get
from tests.support.http1.upstream import Upstream
from tests.support.waiting import until

pytestmark = pytest.mark.skipif(not shutil.which("haproxy"), reason="no haproxy here")

BALANCER, CLIENT = "127.0.0.8", "127.0.0.2"
LAST_CALL = get(b"GET /echo HTTP/1.1", b"Connection: close")
CONFIGURATION = """\
global
  nbthread 1
defaults
  mode tcp
  timeout connect 5s
  timeout client 20s
  timeout server 20s
listen gateway
  bind 127.0.0.1:{port}
  source {balancer}
  server gateway 127.0.0.1:{gateway_port} {options} check inter 50ms
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> CertificateFiles:
    return write_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module", params=["http", "https"])
async def running(
    request: pytest.FixtureRequest,
    recorder: Upstream,
    service_secrets: Path,
    files: CertificateFiles,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[tuple[GatewayProcess, bool]]:
    """The gateway, and whether it speaks TLS."""
    tls = request.param == "https"
    settings = {"PASSGATE_PROXY_PROTOCOL_FROM": f"{BALANCER}/32", **(files.settings() if tls else {})}
    directory = tmp_path_factory.mktemp("gateway")
    async with gateway_process(directory, service_secrets, recorder.port, **settings) as gateway:
        yield gateway, tls


@asynccontextmanager
async def haproxy(directory: Path, gateway_port: int, options: str) -> AsyncIterator[int]:
    """Its port."""
    port, configuration = free_port(), directory / "haproxy.cfg"
    text = CONFIGURATION.format(port=port, balancer=BALANCER, gateway_port=gateway_port, options=options)
    configuration.write_text(text)
    process = await asyncio.create_subprocess_exec(
        "haproxy", "-f", str(configuration), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        await until(lambda: _listens(port))
        yield port
    finally:
        process.terminate()
        await process.wait()


async def _listens(port: int) -> bool:
    with contextlib.suppress(OSError):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
        return True
    return False


async def called(port: int, *, tls: bool) -> list[int]:
    if tls:
        raw, clean = await exchange(port, LAST_CALL, client=CLIENT)
        assert clean
        return statuses(raw)
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(CLIENT, 0))
    writer.write(LAST_CALL)
    raw = await asyncio.wait_for(reader.read(), 20)
    writer.close()
    return statuses(raw)


@pytest.mark.parametrize("version", ["send-proxy", "send-proxy-v2", "send-proxy-v2-ssl-cn"])
async def test_the_client_that_it_names_is_the_client(
    running: tuple[GatewayProcess, bool], upstream: Upstream, tmp_path: Path, version: str
) -> None:
    gateway, tls = running
    lines = len(gateway.log)
    async with haproxy(tmp_path, gateway.port, version) as port:
        await until(lambda: _responds(port, tls=tls))
        upstream.reset()
        for _ in range(5):
            assert await called(port, tls=tls) == [200]
    assert [call.values("x-forwarded-for") for call in upstream.calls] == [[CLIENT]] * 5
    line = await gateway.logged("request", after=lines, route="echo")
    assert line["client"] == CLIENT
    refused = [line for line in gateway.lines("connections.refused", lines) if "proxy_header" in str(line["cause"])]
    assert refused == []  # its checks and this test's own looks at its port included


async def _responds(port: int, *, tls: bool) -> bool:
    """Whether its first check has found the gateway."""
    try:
        return await called(port, tls=tls) == [200]
    except OSError:
        return False


async def test_without_the_header_it_reaches_nothing(
    running: tuple[GatewayProcess, bool], upstream: Upstream, tmp_path: Path
) -> None:
    gateway, tls = running
    async with haproxy(tmp_path, gateway.port, "no-check-ssl") as port:
        with contextlib.suppress(OSError):
            assert await called(port, tls=tls) == []
    assert upstream.calls == []
    await gateway.logged("connections.refused", cause="proxy_header_missing", last_peer=BALANCER)
