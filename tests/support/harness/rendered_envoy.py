"""A real Envoy with what `render-envoy` prints for a route file, and the gateway that it asks."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from yarl import URL

from gateway.envoy.messages import Place
from gateway.envoy.places import Places, TokenRules
from gateway.envoy.render import render
from gateway.routing.route_watch import read_route_file
from gateway.routing.upstream_address import OwnPorts, place_of
from tests.bench.peers import envoy
from tests.support.free_port import free_port
from tests.support.harness.front_proxies import is_up
from tests.support.harness.gateway import ISSUER, Gateway, Surroundings
from tests.support.http1.client import Reply, converse
from tests.support.http1.upstream import Upstream, UpstreamCall
from tests.support.waiting import until


@dataclass
class BehindEnvoy:
    """Envoy, and beside it the gateway, before the same service."""

    port: int
    gateway: Gateway
    service: Upstream
    around: Surroundings

    async def send(
        self,
        target: str,
        *lines: str,
        method: str = "GET",
        body: bytes = b"",
        own: bool = False,
        host: str = "api.example",
    ) -> Reply:
        """Through Envoy; with `own` through the gateway itself."""
        self.service.calls.clear()
        head = "\r\n".join((f"{method} {target} HTTP/1.1", f"Host: {host}", *lines, "", ""))
        port = int(URL(self.gateway.url).port or 0) if own else self.port
        return (await converse(port, head.encode("latin-1") + body, replies=1, quiet=5)).replies[0]

    @property
    def call(self) -> UpstreamCall:
        [call] = self.service.calls
        return call


@asynccontextmanager
async def rendered_envoy(
    directory: Path, routes: Path, around: Surroundings, gateway: Gateway, *, token_issuer: str = ""
) -> AsyncIterator[int]:
    """The port of an Envoy with the routes of a file, whose gateway is `gateway`. `token_issuer`: another URL."""
    port = free_port()
    table = read_route_file(routes, OwnPorts("127.0.0.1", frozenset()), {})
    services = around.services.url
    places = Places(
        listen=Place("127.0.0.1", port),
        decisions=_place(gateway.decision_url),
        gateway=_place(gateway.url),
        token_issuer=token_issuer or services,
        own_services=frozenset({place_of(services)}),
    )
    configuration, log = directory / "envoy.json", directory / "envoy.log"
    configuration.write_text(json.dumps(render(table, places, TokenRules(ISSUER, "passgate"))))
    options = ("--concurrency", "1", "--disable-hot-restart", "--log-level", "warning")
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            str(envoy.binary()), "--config-path", str(configuration), *options, stdout=output, stderr=output
        )
    try:
        await until(partial(is_up, process, port))
        assert process.returncode is None, log.read_text()
        yield port
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
    assert "[lua]" not in log.read_text(), log.read_text()  # Envoy goes on with a request whose script has failed


def _place(url: str) -> Place:
    return Place("127.0.0.1", int(URL(url).port or 0))
