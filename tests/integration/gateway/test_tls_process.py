"""TLS as it is deployed, with uvloop and workers: certificates replaced under load, a stop, a bad start."""

import asyncio
import hashlib
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.support.harness.certificates import CertificateFiles, write_certificate
from tests.support.harness.commands import run_command
from tests.support.harness.gateway_process import GatewayProcess, gateway_process
from tests.support.harness.public_server import post
from tests.support.harness.tls_client import TlsClient, exchange, statuses
from tests.support.http1.client import converse
from tests.support.http1.framing_payloads import get
from tests.support.http1.upstream import Upstream, UpstreamCall
from tests.support.waiting import until

CALL = get(b"GET /echo HTTP/1.1")
LAST_CALL = get(b"GET /echo HTTP/1.1", b"Connection: close")


class MountedSecret:
    """A folder as Kubernetes mounts it: links through `..data`, which is a link to the folder in force."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir()
        self.files = CertificateFiles(directory / "tls.crt", directory / "tls.key")
        self._versions = 0
        self.replace()
        for path in (self.files.certificate, self.files.key):
            path.symlink_to(f"..data/{path.name}")

    def replace(self) -> None:
        self._versions += 1
        write_certificate(self._directory / f"..{self._versions}")
        (self._directory / "..new").symlink_to(f"..{self._versions}")
        os.replace(self._directory / "..new", self._directory / "..data")


@asynccontextmanager
async def tls_gateway(
    directory: Path, secrets: Path, upstream: Upstream, files: CertificateFiles, **environment: str
) -> AsyncIterator[GatewayProcess]:
    settings = {**files.settings(), **environment}
    async with gateway_process(directory, secrets, upstream.port, **settings) as gateway:
        yield gateway


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_a_certificate_that_is_replaced_under_load_costs_no_call(
    upstream: Upstream, service_secrets: Path, tmp_path: Path, workers: str
) -> None:
    secret = MountedSecret(tmp_path / "tls")
    async with tls_gateway(
        tmp_path, service_secrets, upstream, secret.files, PASSGATE_GATEWAY_WORKERS=workers
    ) as gateway:
        over = False
        failures: list[str] = []
        calls = 0

        def call_all_the_time(*, keep: bool) -> None:
            nonlocal calls
            client = TlsClient(gateway.port)
            while not over:
                try:
                    status = client.call(CALL)
                except OSError as error:
                    failures.append(repr(error))
                    return
                calls += 1
                if status != 200:
                    failures.append(str(status))
                if not keep:
                    client.tls.close()
                    client = TlsClient(gateway.port)
            client.tls.close()

        load = [
            asyncio.create_task(asyncio.to_thread(call_all_the_time, keep=keep)) for keep in (True, False, False)
        ]
        try:
            for _ in range(2):
                before, lines = await certificate_of(gateway), len(gateway.log)
                secret.replace()
                await loaded(gateway, int(workers), after=lines)
                seen = {await certificate_of(gateway) for _ in range(8)}
                assert len(seen) == 1
                assert before not in seen
        finally:
            over = True
            await asyncio.gather(*load)
        assert failures == []
        assert calls > 10


async def loaded(gateway: GatewayProcess, workers: int, *, after: int) -> None:
    await until(lambda: len(gateway.lines("tls_certificate.loaded", after)) == workers)


async def certificate_of(gateway: GatewayProcess) -> bytes:
    def read() -> bytes:
        client = TlsClient(gateway.port)
        try:
            return client.certificate()
        finally:
            client.tls.close()

    return await asyncio.to_thread(read)


@pytest.fixture
async def gateway(upstream: Upstream, service_secrets: Path, tmp_path: Path) -> AsyncIterator[GatewayProcess]:
    files = write_certificate(tmp_path / "tls")
    async with tls_gateway(tmp_path, service_secrets, upstream, files) as running:
        yield running


async def test_it_serves_whole_bodies_refuses_http_and_stops_with_an_alert(
    gateway: GatewayProcess, upstream: Upstream
) -> None:
    content = bytes(n % 251 for n in range(900_000))

    async def echo(call: UpstreamCall, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(call.body) + call.body)

    upstream.script = echo
    payload = post(len(content), b"Connection: close", content=content).replace(b"/x", b"/echo", 1)
    raw, clean = await exchange(gateway.port, payload)
    assert clean
    assert hashlib.sha256(raw.partition(b"\r\n\r\n")[2]).digest() == hashlib.sha256(content).digest()

    [refusal] = (await converse(gateway.port, CALL)).replies
    assert b"tls_required" in refusal.body

    idle = await asyncio.to_thread(TlsClient, gateway.port)
    assert await asyncio.to_thread(idle.call, get(b"GET /echo HTTP/1.1")) == 200
    gateway.process.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(idle.read_to_the_end) == (b"", True)
    assert await asyncio.wait_for(gateway.process.wait(), 20) == 0


async def test_an_invalid_replacement_is_seen_in_health_and_metrics_and_serves_on(
    upstream: Upstream, service_secrets: Path, tmp_path: Path
) -> None:
    files = write_certificate(tmp_path / "tls")
    async with tls_gateway(tmp_path, service_secrets, upstream, files) as gateway:
        files.certificate.write_text("junk")
        line = await gateway.logged("tls_certificate.invalid")
        assert str(files.certificate) in str(line["reason"])
        raw, _ = await exchange(gateway.port, LAST_CALL)
        assert statuses(raw) == [200]
        health = await converse(gateway.ops_port, get(b"GET /health HTTP/1.1", b"Connection: close"))
        assert b'"tls_certificate":{"state":"down"' in health.raw
        metrics = await converse(gateway.ops_port, get(b"GET /metrics HTTP/1.1", b"Connection: close"))
        assert b"gateway_tls_certificate_valid 0.0" in metrics.raw
        assert b"gateway_tls_certificate_not_after_seconds 1." in metrics.raw


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_start_with_a_key_of_another_certificate_ends_with_status_2_and_one_line(
    tmp_path: Path, service_secrets: Path, workers: str
) -> None:
    one, other = write_certificate(tmp_path / "one"), write_certificate(tmp_path / "other")
    files = CertificateFiles(one.certificate, other.key)
    ended = run_command("gateway", environment={**start(service_secrets, workers), **files.settings()})
    assert ended.status == 2
    assert ended.errors.splitlines() == [
        "configuration error: PASSGATE_TLS_CERTIFICATE_FILE, PASSGATE_TLS_KEY_FILE: "
        f"{other.key} is not the key of the certificate"
    ]


def test_one_file_without_the_other_ends_with_status_2_and_one_line(tmp_path: Path, service_secrets: Path) -> None:
    settings = write_certificate(tmp_path).settings()
    del settings["PASSGATE_TLS_KEY_FILE"]
    ended = run_command("gateway", environment={**start(service_secrets, "1"), **settings})
    assert (ended.status, ended.errors) == (
        2,
        "configuration error: PASSGATE_TLS_CERTIFICATE_FILE is set without PASSGATE_TLS_KEY_FILE: "
        "set both, or neither\n",
    )


def start(service_secrets: Path, workers: str) -> dict[str, str]:
    return {
        "PASSGATE_PORT": "0",
        "PASSGATE_OPS_PORT": "0",
        "PASSGATE_GATEWAY_WORKERS": workers,
        "PASSGATE_SERVICE_KEY_FILE": str(service_secrets / "service_keys" / "gateway.pem"),
    }
