"""A race: who competes on one hot path, and what everybody is sent."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from deploy.local.stack import ROOT
from tests.bench.gateway_beside import one_more
from tests.bench.load import Request
from tests.bench.page import Table, section
from tests.bench.peers import envoy, floor, haproxy, nginx
from tests.bench.probes import Probe, check
from tests.bench.process import Peers, free_ports
from tests.bench.product import MeasuredStack, Product
from tests.bench.turns import Contestant, interleave
from tests.support.free_port import free_port

PASSGATE = "Passgate"
NOT_COMPILED = "Passgate, not compiled"
"""Beside it where that is a compiled copy."""
NGINX = "nginx, no check"
ENVOY_CACHED = "Envoy jwt_authn, token cache"
ENVOY = "Envoy jwt_authn"
HAPROXY = "HAProxy jwt_verify"
AIOHTTP = "bare aiohttp"
BEARERS = 1000
SESSIONS = 1000
SESSIONS_FETCHED = 24_000
"""So many in turn that none comes twice in a second, for which what it stands for is kept."""
API_TOKENS = 100
QUICK_COUNT = 40
"""Credentials where only one turn is to be seen."""


@dataclass
class Race:
    """The contestants on one path; those that are not installed, by name, are `absent`."""

    contestants: list[Contestant]
    probes: list[Probe]
    absent: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Server:
    """Of a contestant: where it listens, and its process."""

    port: int
    pid: int


@dataclass
class Ring:
    """What races are set up from. A peer is started when a race first needs it, and ends with `stack`."""

    product: Product
    peers: Peers
    directory: Path
    upstream: Server
    stack: AsyncExitStack
    turns: int
    with_peers: bool
    progress: Callable[[str], None]
    absent: list[str] = field(default_factory=list)
    """The gateways that are not installed."""
    _not_compiled: dict[str, Server] | None = None
    _gateways: dict[str, Server] | None = None
    _floor: Server | None = None
    _created: dict[str, list[str]] = field(default_factory=dict)

    def count(self, whole: int, quick: int = QUICK_COUNT) -> int:
        """How many credentials a race is to have: `whole`, or at most `quick` where only one turn is to be seen."""
        return whole if self.turns > 1 else min(whole, quick)

    @property
    def gateway(self) -> Server:
        return Server(self.product.port("gateway"), self.product.pids["gateway"])

    @property
    def code(self) -> Path:
        """The directory whose sources the gateway runs."""
        stack = self.product.stack
        return stack.code if isinstance(stack, MeasuredStack) else ROOT

    async def bearers(self) -> Sequence[str]:
        """Access tokens that the issuer has issued; as with the other credentials, the same ones for each race."""
        return await self._credentials(self.product.bearers, BEARERS)

    async def session_tokens(self, count: int = SESSIONS) -> Sequence[str]:
        return await self._credentials(self.product.session_tokens, count)

    async def api_tokens(self) -> Sequence[str]:
        return await self._credentials(self.product.api_tokens, API_TOKENS)

    async def _credentials(self, create: Callable[[int], Awaitable[list[str]]], count: int) -> list[str]:
        count, created = self.count(count), self._created.setdefault(create.__name__, [])
        if len(created) < count:
            created += await create(count - len(created))
        return created[:count]

    async def not_compiled(self) -> dict[str, Server]:
        """A gateway of the sources as they are, where that of the stack is compiled."""
        if self._not_compiled is None:
            self._not_compiled = {}
            if self.code != ROOT:
                beside = one_more(self.product.stack, self.peers, "gateway-not-compiled", code=ROOT)
                gateway = await self.stack.enter_async_context(beside)
                self._not_compiled[NOT_COMPILED] = Server(gateway.port, gateway.pid)
        return self._not_compiled

    async def gateways(self) -> dict[str, Server]:
        """The other gateways that are installed, each with one worker, by name."""
        if self._gateways is None:
            self._gateways = await self._start_gateways() if self.with_peers else {}
        return self._gateways

    async def floor(self, requests: Sequence[Request]) -> list[Contestant]:
        """A bare aiohttp application, unless it is to be the product alone."""
        if self._floor is None and self.with_peers:
            port = free_port()
            self._floor = Server(
                port, await self.stack.enter_async_context(self.peers.running(floor.command(port), port))
            )
        return [Contestant(AIOHTTP, self._floor.port, self._floor.pid, requests)] if self._floor else []

    async def _start_gateways(self) -> dict[str, Server]:
        product, to = self.product, self.upstream.port
        tokens = envoy.Tokens(product.demo["GATEWAY_URL"], "passgate", await product.signing_key())
        ports = free_ports(4)
        commands = {
            NGINX: nginx.proxy(self.directory, ports[0], to),
            ENVOY_CACHED: envoy.command("envoy-cache", self.directory, ports[1], to, tokens, cache=True),
            ENVOY: envoy.command("envoy", self.directory, ports[2], to, tokens, cache=False),
            HAPROXY: haproxy.command(self.directory, ports[3], to, tokens),
        }
        self.absent = [name for name, command in commands.items() if command is None]
        return {
            name: Server(port, await self.stack.enter_async_context(self.peers.running(command, port)))
            for (name, command), port in zip(commands.items(), ports, strict=True)
            if command is not None
        }


class Measurement(Protocol):
    """What one section of the page is about. `name` is how it is chosen on the command line."""

    @property
    def name(self) -> str: ...

    async def measure(self, ring: Ring) -> str:
        """The section. Raises `StackError`."""
        ...


@dataclass(frozen=True)
class HotPath:
    """A race of all contestants on one path."""

    name: str
    table: Table
    set_up: Callable[[Ring], Awaitable[Race]]

    async def measure(self, ring: Ring) -> str:
        """The section about it. Raises `StackError`."""
        race = await self.set_up(ring)
        await check(race.contestants, race.probes)
        results = await interleave(race.contestants, ring.turns, ring.directory, ring.progress)
        return section(self.table, results, race.absent)
