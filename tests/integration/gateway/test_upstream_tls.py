"""TLS to upstreams: whom the gateway believes, what it presents, and files that change while it runs."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.proxy.upstream.background import tls_watch
from gateway.routing.table import Upstream as Target
from gateway.upstreams.settings import Address, HealthCheck, UpstreamTls
from shared.errors import Unavailable
from tests.integration.gateway.several_upstreams import statuses
from tests.support.harness.certificates import CertificateFiles, write_certificate
from tests.support.harness.public_server import Public, public_server
from tests.support.http1.framing_payloads import get
from tests.support.http1.upstream import Upstream
from tests.support.waiting import until

NAME = "service.example"


@asynccontextmanager
async def tls_upstream(files: CertificateFiles, clients: CertificateFiles | None = None) -> AsyncIterator[Upstream]:
    """One that presents `files`, and requires `clients` of those who call."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    if clients is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(clients.certificate)
    upstream = Upstream()
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0, ssl=context)
    upstream.port = server.sockets[0].getsockname()[1]
    try:
        yield upstream
    finally:
        server.close()


def target(port: int, *, tls: UpstreamTls, **settings: Any) -> Target:
    return Target("upstream", "https", "127.0.0.1", port, tls=tls, **{"connect_timeout": 10.0, **settings})


def believing(files: CertificateFiles, **members: str) -> UpstreamTls:
    return UpstreamTls(ca_file=str(files.certificate), **{"server_name": NAME, **members})


def presenting(files: CertificateFiles) -> dict[str, str]:
    return {"client_certificate_file": str(files.certificate), "client_key_file": str(files.key)}


def failures(public: Public, cause: str, status: str = "503") -> float:
    labels = {"route": "all", "upstream": "upstream", "status": status, "cause": cause}
    return public.metric("gateway_upstream_failures_total", **labels)


@pytest.fixture
def server_files(tmp_path: Path) -> CertificateFiles:
    return write_certificate(tmp_path / "server", host=NAME)


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tls_watch.TlsWatch, "interval", 0.05)


async def test_an_upstream_is_believed_by_its_ca_file_under_its_server_name(server_files: CertificateFiles) -> None:
    async with tls_upstream(server_files) as upstream:
        async with public_server(target(upstream.port, tls=believing(server_files))) as public:
            assert await statuses(public, *[get()] * 3) == [200] * 3
        assert upstream.calls[0].values("Host") == [f"127.0.0.1:{upstream.port}"]


async def test_an_upstream_of_another_name_or_another_authority_is_not_believed(
    server_files: CertificateFiles, tmp_path: Path
) -> None:
    foreign = write_certificate(tmp_path / "foreign", host=NAME)
    for tls in (
        believing(server_files, server_name=""),
        believing(server_files, server_name="other.example"),
        believing(foreign),
        UpstreamTls(server_name=NAME),
    ):
        async with tls_upstream(server_files) as upstream:
            async with public_server(target(upstream.port, tls=tls)) as public:
                assert await statuses(public, get()) == [503]
                assert failures(public, "tls_failed") == 1
            assert upstream.calls == []


async def test_an_upstream_that_speaks_no_tls_is_a_503(server_files: CertificateFiles, upstream: Upstream) -> None:
    async with public_server(target(upstream.port, tls=believing(server_files), connect_timeout=0.5)) as public:
        assert await statuses(public, get()) == [503]


async def test_the_client_certificate_is_presented_to_calls_and_to_health_checks(
    server_files: CertificateFiles, tmp_path: Path
) -> None:
    client_files = write_certificate(tmp_path / "client", host="gateway.example")
    async with tls_upstream(server_files, client_files) as upstream:
        tls = believing(server_files, **presenting(client_files))
        check = HealthCheck("/up", interval=0.05, timeout=5.0)
        async with public_server(target(upstream.port, tls=tls, health=check)) as public:
            assert await statuses(public, get()) == [200]
            await until(lambda: any(call.target == "/up" for call in upstream.calls))
        calls = len(upstream.calls)
        async with public_server(target(upstream.port, tls=believing(server_files))) as public:
            assert await statuses(public, get()) == [502]
        assert len(upstream.calls) == calls


async def test_files_that_change_are_taken_up_and_connections_of_before_are_not_used_again(
    server_files: CertificateFiles, tmp_path: Path
) -> None:
    first = write_certificate(tmp_path / "client", host="first.example")
    tls = believing(server_files, **presenting(first))
    async with (
        tls_upstream(server_files, first) as upstream,
        public_server(target(upstream.port, tls=tls, keep_idle=60.0)) as public,
    ):
        assert await statuses(public, get()) == [200]
        with capture_logs() as logs:
            write_certificate(tmp_path / "client", host="second.example")
            await until(lambda: any(line["event"] == "upstream_tls.loaded" for line in logs))
        await until(lambda: upstream.open == 0)
        assert await statuses(public, get()) == [502]  # which the upstream does not know


@pytest.mark.parametrize("broken", ["ca_file", "client_certificate_file", "client_key_file"])
async def test_files_that_are_no_use_any_more_change_nothing_and_are_named_once_without_their_content(
    broken: str, server_files: CertificateFiles, tmp_path: Path
) -> None:
    client_files = write_certificate(tmp_path / "client", host="gateway.example")
    authority = CertificateFiles(tmp_path / "ca.crt", server_files.key)
    authority.certificate.write_bytes(server_files.certificate.read_bytes())
    tls = believing(authority, **presenting(client_files))
    path = Path(getattr(tls, broken))
    async with (
        tls_upstream(server_files, client_files) as upstream,
        public_server(target(upstream.port, tls=tls)) as public,
    ):
        assert await statuses(public, get()) == [200]
        with capture_logs() as logs:
            sound = path.read_bytes()
            path.write_text("SECRET")
            await until(lambda: any(line["event"] == "upstream_tls.invalid" for line in logs))
            assert await statuses(public, *[get()] * 3) == [200] * 3
            with pytest.raises(Unavailable, match=str(path)):
                await public.server.upstreams.check()
            path.write_bytes(sound)
            await until(lambda: any(line["event"] == "upstream_tls.loaded" for line in logs))
        (line,) = [line for line in logs if line["event"] == "upstream_tls.invalid"]
        assert str(path) in line["reason"]
        assert "SECRET" not in str(logs)
        await public.server.upstreams.check()


async def test_each_address_is_checked_for_its_own_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = (write_certificate(tmp_path / name, host=f"{name}.example") for name in ("one", "two"))
    (tmp_path / "both.crt").write_bytes(one.certificate.read_bytes() + two.certificate.read_bytes())

    async def resolve(_: str, __: int) -> list[str]:
        return ["127.0.0.1"]

    monkeypatch.setattr("gateway.proxy.upstream.background.names.addresses_of", resolve)
    async with tls_upstream(one) as first, tls_upstream(two) as second:
        addresses = (Address("one.example", first.port), Address("two.example", second.port))
        tls = UpstreamTls(ca_file=str(tmp_path / "both.crt"))
        both = Target("upstream", "https", "one.example", first.port, addresses=addresses, tls=tls)
        async with public_server(both) as public:
            assert await statuses(public, *[get()] * 4) == [200] * 4
        assert (len(first.calls), len(second.calls)) == (2, 2)
        swapped = (Address("two.example", first.port), Address("one.example", second.port))
        async with public_server(
            Target("upstream", "https", "two.example", first.port, addresses=swapped, tls=tls)
        ) as public:
            assert await statuses(public, get()) == [503]
