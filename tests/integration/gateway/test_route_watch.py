"""A route file is loaded again and again under load: no call is lost, and none is by two tables at once."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from gateway.metrics import GatewayMetrics
from gateway.routing.route_watch import RouteWatch
from gateway.routing.upstream_address import OwnPorts
from tests.support.harness.public_server import Public, public_server, upstream_at
from tests.support.http1.client import parse_replies
from tests.support.http1.upstream import Upstream, UpstreamCall, running_upstream

CLIENTS = 8
RELOADS = 40
CALLS_BETWEEN_RELOADS = 5


def routes(version: int, port: int, more: str = "") -> str:
    return f"""
upstreams:
  a: {{url: "http://127.0.0.1:{port}"}}
routes:
  - name: versioned
    prefix: /svc
    methods: any
    credential: none
    upstream: a
    rewrite_prefix: /v{version}
    request_headers: {{set: {{X-Version: "{version}"}}}}
{more}"""


async def respond_with_version(call: UpstreamCall, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The version in the path and that in the header, which are of one table or of two."""
    body = f"{call.target.split('/')[1]} v{call.values('x-version')[0]} {len(call.body)}".encode()
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
    await writer.drain()


class Load:
    """Clients that call one after the other, each on a connection that is kept."""

    def __init__(self, port: int) -> None:
        self.bodies: list[bytes] = []
        self.failures: list[str] = []
        self._port = port
        self._over = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Load"]:
        clients = [asyncio.create_task(self._client(number)) for number in range(CLIENTS)]
        try:
            yield self
        finally:
            self._over = True
            await asyncio.gather(*clients)

    async def served(self, more: int) -> None:
        enough = len(self.bodies) + more
        while len(self.bodies) < enough and not self.failures:
            await asyncio.sleep(0.001)

    async def _client(self, number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        while not self._over:
            body = b"x" * 3000 if number % 2 else b""
            length = f"Content-Length: {len(body)}\r\n" if body else ""
            head = f"{'POST' if body else 'GET'} /svc/a HTTP/1.1\r\nHost: a\r\n{length}\r\n"
            writer.write(head.encode())
            await writer.drain()
            writer.write(body)  # comes after its head, so that a table may change between the two
            received = b""
            while not (replies := parse_replies(received)) or not replies[0].whole:
                piece = await reader.read(65536)
                if not piece:
                    self.failures.append("connection closed")
                    return
                received += piece
            if replies[0].status != 200:
                self.failures.append(f"status {replies[0].status}")
            self.bodies.append(replies[0].body)
        writer.close()


@asynccontextmanager
async def gateway(path: Path) -> AsyncIterator[tuple[Public, RouteWatch, CollectorRegistry]]:
    registry = CollectorRegistry()
    watch = RouteWatch(path, OwnPorts("g", frozenset()), GatewayMetrics(registry), staleness_bound=5)
    async with public_server(upstream_at(1), routes=lambda: watch.table) as public:
        yield public, watch, registry


def replace(path: Path, text: str) -> None:
    path.with_suffix(".new").write_text(text)
    os.replace(path.with_suffix(".new"), path)


@pytest.fixture
async def upstreams() -> AsyncIterator[tuple[Upstream, Upstream]]:
    async with AsyncExitStack() as stack:
        one, two = [await stack.enter_async_context(running_upstream()) for _ in range(2)]
        one.script = two.script = respond_with_version
        yield one, two


async def _valid_each_time(path: Path, version: int, port: int, check: Callable[[], Awaitable[None]]) -> None:
    replace(path, routes(version, port))
    await check()


async def _every_other_is_invalid(
    path: Path, version: int, port: int, check: Callable[[], Awaitable[None]]
) -> None:
    replace(path, routes(version, port) if version % 2 == 0 else routes(version, port, "  - {name: bad}\n"))
    await check()


async def _gone_for_a_moment(path: Path, version: int, port: int, check: Callable[[], Awaitable[None]]) -> None:
    path.unlink()
    await check()
    replace(path, routes(version, port))
    await check()


@pytest.mark.parametrize("change", [_valid_each_time, _every_other_is_invalid, _gone_for_a_moment])
async def test_no_call_is_lost_and_none_is_by_two_tables(
    change: Callable[[Path, int, int, Callable[[], Awaitable[None]]], Awaitable[None]],
    upstreams: tuple[Upstream, Upstream],
    tmp_path: Path,
) -> None:
    path = tmp_path / "routes.yaml"
    replace(path, routes(0, upstreams[0].port))
    async with gateway(path) as (public, watch, registry), Load(public.port).running() as load:
        for version in range(1, RELOADS + 1):
            await load.served(CALLS_BETWEEN_RELOADS)
            await change(path, version, upstreams[version % 2].port, watch.check_file)
        await load.served(CLIENTS + CALLS_BETWEEN_RELOADS)
        assert load.failures == []
        assert registry.get_sample_value("gateway_route_file_valid") == 1
    versions = [body.decode().split() for body in load.bodies]
    assert [(path, field) for path, field, _ in versions if path != field] == []
    assert {length for _, _, length in versions} == {"0", "3000"}
    assert versions[-1][0] == f"v{RELOADS}"
    assert len({path for path, _, _ in versions}) > RELOADS // 4
