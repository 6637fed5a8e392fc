"""Other people's proxies in front of a service, each with its file of deploy/proxies and ports of a test's own."""

import asyncio
import contextlib
import os
import re
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from yarl import URL

from deploy.local.stack import ROOT
from tests.bench.peers import envoy, haproxy, nginx
from tests.support.free_port import free_port
from tests.support.harness.gateway import Gateway, Surroundings
from tests.support.harness.proxy_differences import FORCED, Forced
from tests.support.http1.client import Reply, converse
from tests.support.http1.upstream import Upstream, UpstreamCall
from tests.support.waiting import until

FILES = ROOT / "deploy" / "proxies"
PEERS = envoy.ENVIRONMENT / "bin"
"""Where `make bench-peers` puts programs that come as wheels."""
NGINX = """\
daemon off;
{user}
pid {directory}/nginx.pid;
error_log stderr error;
worker_processes 1;
events {{}}
http {{
  access_log off;
{temporary_paths}
  include {directory}/nginx-passgate.conf;
}}
"""


@dataclass(frozen=True)
class FrontProxy:
    name: str
    files: tuple[str, ...]
    """Of deploy/proxies; the first is the one that it is started with."""

    def program(self) -> str | None:
        if self.name in ("nginx", "haproxy"):
            return nginx.binary() if self.name == "nginx" else haproxy.binary()
        packed = envoy.binary() if self.name == "envoy" else PEERS / self.name
        return str(packed) if packed is not None and packed.exists() else shutil.which(self.name)

    def argv(self, program: str, directory: Path) -> Sequence[str]:
        first = str(directory / self.files[0])
        if self.name == "nginx":
            main = directory / "nginx.conf"
            user = "user root;" if os.geteuid() == 0 else ""
            paths = nginx.temporary_paths(directory)
            main.write_text(NGINX.format(directory=directory, user=user, temporary_paths=paths))
            return (program, "-p", str(directory), "-e", "stderr", "-c", str(main))
        if self.name == "haproxy":
            return (program, "-db", "-f", first)
        if self.name == "caddy":
            return (program, "run", "--adapter", "caddyfile", "--config", first)
        if self.name == "traefik":
            return (program, f"--configFile={first}")
        options = ("--concurrency", "1", "--disable-hot-restart", "--log-level", "error")
        return (program, "--config-path", first, *options)


FRONT_PROXIES = {
    proxy.name: proxy
    for proxy in (
        FrontProxy("nginx", ("nginx-passgate.conf",)),
        FrontProxy("haproxy", ("haproxy.cfg", "haproxy.lua")),
        FrontProxy("caddy", ("Caddyfile",)),
        FrontProxy("traefik", ("traefik.yaml", "traefik-routes.yaml")),
        FrontProxy("envoy", ("envoy.yaml",)),
    )
}
_SHIPPED = {"nginx-passgate.conf": "nginx.conf"}


@asynccontextmanager
async def front_proxy(name: str, directory: Path, *, decisions: int, service: int) -> AsyncIterator[int]:
    """The port of a proxy that asks at the port `decisions` and forwards to the port `service`."""
    proxy = FRONT_PROXIES[name]
    program, port = proxy.program(), free_port()
    assert program is not None
    ports = {"8082": decisions, "9000": service, "8000": port}
    for file in proxy.files:
        text = (FILES / _SHIPPED.get(file, file)).read_text(encoding="utf-8")
        for shipped, own in ports.items():
            text = re.sub(rf"(:|port_value: ){shipped}\b", rf"\g<1>{own}", text)
        (directory / file).write_text(text, encoding="utf-8")
    log = directory / f"{name}.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *proxy.argv(program, directory),
            cwd=directory,
            env={"HOME": str(directory), "PATH": "/usr/bin:/bin", "CADDY_ADMIN": f"unix/{directory}/admin"},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
        )
    try:
        await until(partial(is_up, process, port))
        assert process.returncode is None, log.read_text()
        yield port
    finally:
        if process.returncode is None:
            process.terminate()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), 3)
        if process.returncode is None:
            process.kill()
            await process.wait()


@dataclass
class BehindProxy:
    """One proxy, and beside it the gateway, before the same service."""

    name: str
    port: int
    gateway: Gateway
    service: Upstream
    around: Surroundings

    @property
    def forced(self) -> Forced:
        return FORCED[self.name]

    async def send(
        self, target: str, *lines: str, method: str = "GET", body: bytes = b"", own: bool = False
    ) -> Reply:
        """Through the proxy; with `own` through the gateway, which trusts the sender and the client it names."""
        self.service.reset()
        port = URL(self.gateway.url).port if own else self.port
        assert port is not None
        head = "\r\n".join((f"{method} {target} HTTP/1.1", "Host: api.example", *lines, "", ""))
        return (await converse(port, head.encode("latin-1") + body, replies=1)).replies[0]

    @property
    def call(self) -> UpstreamCall:
        [call] = self.service.calls
        return call


def lines(headers: dict[str, str]) -> list[str]:
    return [f"{name}: {value}" for name, value in headers.items()]


async def is_up(process: asyncio.subprocess.Process, port: int) -> bool:
    """Whether a refusal of the gateway comes through, or the process has ended."""
    if process.returncode is not None:
        return True
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    try:
        writer.write(b"GET /nowhere HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        return b"application/problem+json" in await reader.read()
    except OSError:
        return False
    finally:
        writer.transport.abort()
