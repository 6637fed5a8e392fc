"""The README's nginx in front of a gateway that trusts it: the API learns the client's address and the scheme."""

import asyncio
import re
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

from deploy.local.stack import ROOT
from tests.bench.peers.nginx import temporary_paths
from tests.support.free_port import free_port
from tests.support.harness.gateway_process import gateway_process
from tests.support.http1.upstream import Upstream
from tests.support.waiting import until

pytestmark = pytest.mark.skipif(not (shutil.which("nginx") and shutil.which("openssl")), reason="no nginx here")

CLIENT = "127.0.0.2"
"""A loopback address that is not among the trusted ones."""
CONFIGURATION = """\
daemon off;
pid {directory}/nginx.pid;
error_log {directory}/error.log;
events {{}}
http {{
  access_log off;
{temporary_paths}
{server}
}}
"""


def server(directory: Path, port: int, gateway_port: int) -> str:
    """The block of the README, with ports and files of the test."""
    [text] = re.findall(
        r"^  ```nginx\n(.*?)^  ```$", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    replaced = str(text).replace("listen 443 ssl", f"listen 127.0.0.1:{port} ssl")
    replaced = replaced.replace("127.0.0.1:8080", f"127.0.0.1:{gateway_port}")
    return replaced.replace("/etc/ssl/", f"{directory}/")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Of nginx, with a certificate: made here, as it may take longer than the event loop is allowed to stand."""
    files = ["-keyout", str(tmp_path / "api.example.key"), "-out", str(tmp_path / "api.example.pem")]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *("-subj", "/CN=api.example"), *files],
        check=True, capture_output=True,
    )  # fmt: skip
    return tmp_path


async def response_through(port: int) -> bytes:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=context, server_hostname="api.example", local_addr=(CLIENT, 0)
    )
    forged = b"X-Forwarded-For: 198.51.100.7\r\nX-Forwarded-Proto: http\r\n"
    writer.write(b"GET /echo HTTP/1.1\r\nHost: api.example\r\nConnection: close\r\n" + forged + b"\r\n")
    response = await reader.read()
    writer.close()
    return response


async def test_the_client_and_the_scheme_come_through_and_what_the_client_claims_does_not(
    upstream: Upstream, service_secrets: Path, directory: Path
) -> None:
    port, configuration = free_port(), directory / "nginx.conf"
    async with gateway_process(
        directory, service_secrets, upstream.port, PASSGATE_TRUSTED_PROXIES="127.0.0.1/32"
    ) as gateway:
        block, paths = server(directory, port, gateway.port), temporary_paths(directory)
        text = CONFIGURATION.format(directory=directory, server=block, temporary_paths=paths)
        configuration.write_text(text)
        nginx = await asyncio.create_subprocess_exec(
            "nginx", "-p", str(directory), "-c", str(configuration), stderr=asyncio.subprocess.DEVNULL
        )
        try:
            await until((directory / "nginx.pid").exists)
            assert (await response_through(port)).startswith(b"HTTP/1.1 200 ")
            line = await gateway.logged("request", route="echo")
        finally:
            nginx.terminate()
            await nginx.wait()
    [call] = upstream.calls
    assert call.values("X-Forwarded-Proto") == ["https"]
    assert call.values("X-Forwarded-For") == [f"{CLIENT}, 127.0.0.1"]
    assert (line["client"], line["proxy"]) == (CLIENT, "127.0.0.1")
