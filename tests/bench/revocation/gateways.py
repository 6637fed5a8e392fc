"""The stack with gateways of its own number, each a process with two ports, and a Valkey that can be stopped."""

import io
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.generate_secrets import generate_secrets
from deploy.local.report import Report
from deploy.local.stack import STORE_PASSWORDS, STORE_SECRETS, STORE_URLS
from deploy.local.stores.valkey import Valkey
from shared.settings.config import read_secret
from tests.bench.gateway_beside import one_more
from tests.bench.load import HOST
from tests.bench.process import Peers
from tests.bench.product import MeasuredStack, Product, running
from tests.bench.revocation.http_client import Connections

GATEWAYS = 4


class RevocationStack(MeasuredStack):
    """Its Valkey is not its own to keep running: who measures stops it and starts it again."""

    def __init__(self, var: Path, upstream_port: int) -> None:
        super().__init__(var, upstream_port)
        generate_secrets(self.secrets)
        password_file = self.secrets / STORE_SECRETS["valkey"]
        self.valkey = Valkey(var / "valkey", self.port("valkey"), read_secret(password_file))
        self._environment = {
            **self._environment,
            STORE_URLS["valkey"]: f"redis://{HOST}:{self.valkey.port}/0",
            STORE_PASSWORDS["valkey"]: str(password_file),
        }


class StoppableValkey:
    """Raises `StackError` when it does not start."""

    def __init__(self, peers: Peers, server: Valkey) -> None:
        self._peers = peers
        self._server = server
        self._life = AsyncExitStack()

    async def start(self) -> None:
        await self._life.enter_async_context(self._peers.running(self._server.prepare(), self._server.port))
        await self._server.wait_ready()

    async def stop(self) -> None:
        await self._life.aclose()


@dataclass
class Site:
    """All that runs. `gateways` and `services` are how they are asked."""

    stack: RevocationStack
    product: Product
    peers: Peers
    valkey: StoppableValkey
    gateways: tuple[Connections, ...]
    services: Mapping[str, Connections]


@asynccontextmanager
async def site(directory: Path, peers: Peers, upstream_port: int) -> AsyncIterator[Site]:
    """Everything up and ready. Raises `StackError` when it does not come to that."""
    stack = RevocationStack(directory, upstream_port)
    valkey = StoppableValkey(peers, stack.valkey)
    async with AsyncExitStack() as whole:
        whole.push_async_callback(valkey.stop)
        await valkey.start()
        product = await whole.enter_async_context(running(stack, Report(io.StringIO())))
        ports = [stack.port("gateway")]
        for number in range(2, GATEWAYS + 1):
            ports.append((await whole.enter_async_context(one_more(stack, peers, f"gateway-{number}"))).port)
        gateways = tuple(map(Connections, ports))
        services = {name: Connections(stack.port(name), 8) for name in ("key_registry", "token_issuer")}
        for connections in (*gateways, *services.values()):
            whole.callback(connections.close)
        yield Site(stack, product, peers, valkey, gateways, services)
