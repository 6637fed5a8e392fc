"""Where a service is: by address or name, verified over TLS by the certificates that the process believes."""

import asyncio
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from shared.errors import Unavailable
from shared.http.calls.peer import Peer
from shared.settings.config import ConfigError
from tests.support.harness.certificates import CertificateFiles, write_certificate
from tests.support.http1.response_payloads import HEAD
from tests.support.http1.upstream import Upstream
from tests.unit.shared.http.calls.conftest import MakeClient


@pytest.mark.parametrize(
    ("url", "authority", "path"),
    [
        ("http://registry", "registry", ""),
        ("http://registry:80/", "registry", ""),
        ("http://Registry:8101/a/", "registry:8101", "/a"),
        ("https://registry:443", "registry", ""),
        ("https://registry:80", "registry:80", ""),
        ("http://127.0.0.1:8101", "127.0.0.1:8101", ""),
        ("http://[::1]:8101", "[::1]:8101", ""),
        ("http://[::1]", "[::1]", ""),
        ("http://b\u00fccher.example:1", "xn--bcher-kva.example:1", ""),
    ],
)
def test_what_requests_say_of_a_base_url(url: str, authority: str, path: str) -> None:
    peer = Peer(url)
    assert (peer.authority, peer.path) == (authority, path)


@pytest.mark.parametrize(
    "url", ["", "registry:8101", "ftp://registry", "http://", "http://user:secret@registry", "http://registry:x"]
)
def test_a_base_url_that_names_no_service_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(ConfigError, match="host") as raised:
        Peer(url)
    assert "secret" not in str(raised.value)


async def test_the_path_of_a_base_url_is_before_each_other(callee: Upstream, make_client: MakeClient) -> None:
    client = await make_client(f"http://127.0.0.1:{callee.port}/registry/")
    await client.get("/x")
    assert callee.calls[0].target == "/registry/x"


async def test_a_name_is_looked_up(callee: Upstream, make_client: MakeClient) -> None:
    """Where one of its addresses has nobody, as that of the other family here, the next is used."""
    client = await make_client(f"http://localhost:{callee.port}")
    assert await client.get("/") == {"ok": True}
    assert callee.calls[0].values("Host") == [f"localhost:{callee.port}"]


async def test_an_address_of_version_6_is_called(callee: Upstream, make_client: MakeClient) -> None:
    try:
        server = await asyncio.start_server(callee.serve, "::1", 0)
    except OSError:
        pytest.skip("this machine has no ::1")
    async with server:
        port = server.sockets[0].getsockname()[1]
        client = await make_client(f"http://[::1]:{port}")
        assert await client.get("/") == {"ok": True}
        assert callee.calls[0].values("Host") == [f"[::1]:{port}"]
        await client.stop()


@pytest.mark.parametrize("name", ["a" * 64 + ".invalid", "nobody.invalid"])
async def test_a_name_that_stands_for_nothing_is_unavailable(make_client: MakeClient, name: str) -> None:
    client = await make_client(f"http://{name}:1", connections=1)
    for _ in range(2):
        with pytest.raises(Unavailable) as raised:
            await client.get("/")
        assert raised.value.detail == f"GET http://{name}:1: the name is not resolved"


# TLS


@asynccontextmanager
async def serving_tls(callee: Upstream, files: CertificateFiles) -> AsyncIterator[int]:
    async with await asyncio.start_server(callee.serve, "127.0.0.1", 0, ssl=server_context(files)) as server:
        yield server.sockets[0].getsockname()[1]


def server_context(files: CertificateFiles) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(files.certificate, files.key)
    return context


@pytest.fixture
def believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[CertificateFiles], None]:
    return lambda files: monkeypatch.setenv("SSL_CERT_FILE", str(files.certificate))


async def test_a_callee_over_tls_is_verified(
    callee: Upstream, make_client: MakeClient, tmp_path: Path, believed: Callable[[CertificateFiles], None]
) -> None:
    files = write_certificate(tmp_path, host="localhost")
    believed(files)
    async with serving_tls(callee, files) as port:
        client = await make_client(f"https://localhost:{port}")
        assert [await client.get("/1"), await client.post("/2", {})] == [{"ok": True}] * 2
        assert len(callee.raw) == 1
        await client.stop()


async def test_a_callee_that_cannot_be_verified_gets_no_request(
    callee: Upstream, make_client: MakeClient, tmp_path: Path, believed: Callable[[CertificateFiles], None]
) -> None:
    """Neither one with a certificate that nobody believes, nor one with that of another."""
    files = write_certificate(tmp_path / "own", host="localhost")
    believed(write_certificate(tmp_path / "other", host="localhost"))
    async with serving_tls(callee, files) as port:
        for name, certificate in (("localhost", None), ("127.0.0.1", files)):
            if certificate is not None:
                believed(certificate)
            client = await make_client(f"https://{name}:{port}", connections=1)
            for _ in range(2):
                with pytest.raises(Unavailable) as raised:
                    await client.post("/", {"a": "secret"})
                assert ": TLS: " in raised.value.detail
            await client.stop()
    assert callee.calls == []


@pytest.mark.parametrize("ends", [True, False])
async def test_over_tls_a_body_without_a_length_ends_only_with_the_alert_that_says_so(
    make_client: MakeClient, tmp_path: Path, believed: Callable[[CertificateFiles], None], ends: bool
) -> None:
    files = write_certificate(tmp_path, host="localhost")
    believed(files)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        plain, _ = listener.accept()
        with server_context(files).wrap_socket(plain, server_side=True) as tls:
            tls.recv(65536)
            tls.sendall(HEAD + b"\r\n[1]")
            if ends:
                tls.unwrap()

    server = threading.Thread(target=serve)
    server.start()
    client = await make_client(f"https://localhost:{listener.getsockname()[1]}")
    try:
        if ends:
            assert await client.get("/") == [1]
        else:
            with pytest.raises(Unavailable):
                await client.get("/")
    finally:
        await asyncio.to_thread(server.join)
        listener.close()
