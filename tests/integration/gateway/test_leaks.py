"""Of clients that left, in whatever state, no connection, task or exchange is left."""

import asyncio
import gc
import socket
import struct
from collections import Counter
from collections.abc import AsyncIterator, Iterator

import pytest

from gateway.proxy.client_connection import ClientConnection
from gateway.proxy.exchange import Exchange
from gateway.proxy.tunnels.tunnel import Tunnel
from gateway.proxy.upstream.connection import UpstreamConnection
from tests.support.harness.public_server import Public, post, public_server, upstream_at
from tests.support.http1.framing_payloads import get
from tests.support.http1.upstream import OK, Script, Upstream, UpstreamCall, running_upstream
from tests.support.http1.websockets import accepting, echo, handshake
from tests.support.waiting import until

CLIENTS = 40
"""In each state."""
OWN_TASKS = ("Pool.", "Exchange.")
BEGUN = OK[:-1]


async def silent(_: UpstreamCall, reader: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
    """Never responds, until the gateway gives up."""
    await reader.read()


async def unfinished(_: UpstreamCall, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Responds, but for the last byte."""
    writer.write(BEGUN)
    await reader.read()


async def whole(_: UpstreamCall, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(OK)


STATES: dict[str, tuple[bytes, Script]] = {
    "nothing sent": (b"", whole),
    "inside the head": (get()[:12], whole),
    "inside a small body": (post(5000, content=b"a"), whole),
    "inside a streamed body": (post(100_000, content=b"a" * 70_000), whole),
    "inside a chunk": (post(0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked") + b"5\r\nhel", whole),
    "waiting for the response": (get(), silent),
    "inside the response": (get(), unfinished),
    "between two requests": (get(), whole),
    "with requests waiting": (get() * 5, silent),
    "inside the second of two requests": (get() + post(5000, content=b"a"), whole),
    "in a tunnel": (handshake() + b"frames", accepting(echo)),
    "before the 101": (handshake(), silent),
    "after a request that is none": (b"\x00\r\n\r\n", whole),
}


def alive() -> Counter[str]:
    """The gateway's connections, exchanges and tasks."""
    gc.collect()
    kinds = (ClientConnection, Exchange, UpstreamConnection, Tunnel)
    found = Counter(type(thing).__name__ for thing in gc.get_objects() if isinstance(thing, kinds))
    coroutines = (task.get_coro() for task in asyncio.all_tasks())
    found["Task"] = sum(getattr(c, "__qualname__", "").startswith(OWN_TASKS) for c in coroutines)
    return found


@pytest.fixture
def only_new_objects() -> Iterator[None]:
    """What the tests before this one have left is not looked through each time."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    """One to which nobody else has connections."""
    async with running_upstream() as own:
        yield own


async def connect(public: Public, payload: bytes) -> list[socket.socket]:
    loop = asyncio.get_running_loop()
    connections = [public.connect(f"127.0.0.{1 + n % 8}") for n in range(CLIENTS)]
    for connection in connections:
        await loop.sock_sendall(connection, payload)
    return connections


def leave(connections: list[socket.socket]) -> None:
    """Every other one in order, the rest with a reset."""
    for number, connection in enumerate(connections):
        if number % 2:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()


@pytest.mark.parametrize("connections", [2, 1000], ids=["upstream in use", "upstream idle"])
@pytest.mark.usefixtures("only_new_objects")
async def test_nothing_is_left_of_clients_that_left(connections: int, upstream: Upstream) -> None:
    before = alive()
    target = upstream_at(upstream.port, connections=connections, keep_idle=0.0)
    async with public_server(target, websocket=True) as public:
        idle = alive()
        for payload, script in STATES.values():
            upstream.script = script
            clients = await connect(public, payload)
            await until(lambda: public.metric("gateway_open_connections") > 0)
            await asyncio.sleep(0.02)
            leave(clients)
            await until(lambda: public.metric("gateway_open_connections") == 0)
        await until(lambda: upstream.open == 0)
        await until(lambda: alive() == idle)
        assert public.metric("gateway_bodies_under_way") == 0
        assert public.metric("gateway_open_tunnels") == 0
        assert public.metric("gateway_active_requests") == 0
    await until(lambda: alive() == before)
