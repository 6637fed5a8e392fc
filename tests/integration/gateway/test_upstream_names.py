"""Names of upstreams are looked up again and again, away from the calls; what they stand for may change or fail."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvloop
from structlog.testing import capture_logs

from gateway.proxy.upstream.background import names
from gateway.routing.table import Upstream as Target
from gateway.routing.upstream_address import OwnPorts
from tests.integration.gateway.several_upstreams import statuses
from tests.support.free_port import free_port
from tests.support.harness.public_server import Public, public_server
from tests.support.http1.client import converse
from tests.support.http1.framing_payloads import get
from tests.support.http1.upstream import OK, Upstream, UpstreamCall
from tests.support.waiting import until

NAME = "service.example"


@dataclass
class Resolver:
    """In the place of the system's: what the name stands for, or why it cannot be known."""

    found: list[str] | OSError = field(default_factory=list)
    look_ups: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    """As long as it is not set, look-ups take for ever."""

    async def __call__(self, name: str, _: int) -> list[str]:
        assert name == NAME
        self.look_ups += 1
        await self.gate.wait()
        if isinstance(self.found, OSError):
            raise self.found
        return list(self.found)


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Resolver:
    own = Resolver()
    own.gate.set()
    monkeypatch.setattr(names, "addresses_of", own)
    monkeypatch.setattr(names, "MIN_LOOK_UP_INTERVAL_S", 0.0)
    return own


@asynccontextmanager
async def servers(*hosts: str) -> AsyncIterator[list[Upstream]]:
    """One at each of these addresses, all at one port."""
    port = free_port()
    found = [Upstream(port) for _ in hosts]
    running = [await asyncio.start_server(one.serve, host, port) for one, host in zip(found, hosts, strict=True)]
    try:
        yield found
    finally:
        for server in running:
            server.close()


def named(port: int, **settings: Any) -> Target:
    return Target("upstream", "http", NAME, port, **{"resolve_every": 0.05, "connect_timeout": 10.0, **settings})


async def calls_to(public: Public, *all_of_them: Upstream, count: int = 6) -> list[int]:
    for one in all_of_them:
        one.calls.clear()
    assert await statuses(public, *[get()] * count) == [200] * count
    return [len(one.calls) for one in all_of_them]


async def test_all_addresses_of_a_name_are_used_by_turns(resolver: Resolver) -> None:
    resolver.found = ["127.0.0.1", "127.0.0.2", "127.0.0.3"]
    async with servers(*resolver.found) as found, public_server(named(found[0].port)) as public:
        assert await calls_to(public, *found) == [2, 2, 2]
        assert found[1].calls[0].values("Host") == [f"{NAME}:{found[0].port}"]


async def respond_and_close(_: UpstreamCall, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(OK)
    writer.close()


async def test_no_call_waits_for_a_look_up_but_the_first(resolver: Resolver) -> None:
    resolver.found = ["127.0.0.1"]
    async with servers("127.0.0.1") as (one,):

        async def respond_and_close(
            _: UpstreamCall, __: asyncio.StreamReader, writer: asyncio.StreamWriter
        ) -> None:
            writer.write(OK)
            writer.close()

        one.script = respond_and_close
        async with public_server(named(one.port)) as public:
            assert await statuses(public, get()) == [200]
            resolver.gate.clear()
            await until(lambda: resolver.look_ups > 1)
            assert await statuses(public, *[get()] * 10) == [200] * 10


async def test_a_name_that_moves_is_followed_and_its_old_connections_end(resolver: Resolver) -> None:
    resolver.found = ["127.0.0.1"]
    async with servers("127.0.0.1", "127.0.0.2") as (old, new), public_server(named(old.port)) as public:
        assert await calls_to(public, old, new) == [6, 0]
        resolver.found = ["127.0.0.2"]
        await until(lambda: old.open == 0)
        assert await calls_to(public, old, new) == [0, 6]


async def test_a_call_under_way_at_an_old_address_is_finished(resolver: Resolver) -> None:
    resolver.found = ["127.0.0.1"]
    released = asyncio.Event()

    async def hold(_: UpstreamCall, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await released.wait()
        writer.write(OK)

    async with servers("127.0.0.1", "127.0.0.2") as (old, new), public_server(named(old.port)) as public:
        old.script = hold
        held = asyncio.create_task(statuses(public, get()))
        await until(lambda: old.calls)
        resolver.found = ["127.0.0.2"]
        await until(lambda: _goes_to(public, new))
        released.set()
        assert await held == [200]
        await until(lambda: old.open == 0)


async def _goes_to(public: Public, upstream: Upstream) -> bool:
    conversation = asyncio.create_task(converse(public.port, get(), replies=1, quiet=0.3))
    await conversation
    return bool(upstream.calls)


@pytest.mark.parametrize(
    "failure",
    [
        pytest.param(OSError("no such name"), id="cannot be resolved"),
        pytest.param([], id="has no address"),
        pytest.param(["169.254.169.254", "fd00:ec2::254", "fe80::1%eth0"], id="turns into a metadata address"),
    ],
)
async def test_a_name_that_is_no_use_any_more_keeps_its_last_addresses(
    failure: list[str] | OSError, resolver: Resolver
) -> None:
    resolver.found = ["127.0.0.1"]
    with capture_logs() as logs:
        async with servers("127.0.0.1") as (one,), public_server(named(one.port)) as public:
            assert await calls_to(public, one) == [6]
            resolver.found = failure
            await until(lambda: any(line["event"] == "upstream_name.unresolved" for line in logs))
            seen = resolver.look_ups
            await until(lambda: resolver.look_ups > seen + 2)
            assert await calls_to(public, one) == [6]
            resolver.found = ["127.0.0.1"]
            await until(lambda: logs[-1]["event"] == "upstream_name.resolved")
    (unresolved,) = [line for line in logs if line["event"] == "upstream_name.unresolved"]
    assert (unresolved["upstream"], unresolved["name"], unresolved["kept"]) == ("upstream", NAME, ["127.0.0.1"])


@pytest.mark.parametrize("own", ["127.0.0.1", "127.0.0.7", "::1", "::ffff:127.0.0.1", "10.1.2.3"])
async def test_a_name_that_points_at_the_gateways_own_port_is_not_followed(own: str, resolver: Resolver) -> None:
    async with servers("127.0.0.1", "127.0.0.7") as found:
        resolver.found = [own]
        target = named(found[0].port, own_ports=OwnPorts("10.1.2.3", frozenset({found[0].port})))
        with capture_logs() as logs:
            async with public_server(target) as public:
                assert await statuses(public, get()) == [503]
        assert not any(one.calls for one in found)
    (unresolved,) = [line for line in logs if line["event"] == "upstream_name.unresolved"]
    assert unresolved["reason"] == "it leads to this gateway itself"


@pytest.mark.parametrize("address", ["169.254.169.254", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe"])
async def test_no_connection_is_made_to_a_metadata_address_among_others(
    address: str, resolver: Resolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolver.found = [address, "127.0.0.1"]
    connected: list[object] = []
    connect = uvloop.Loop.create_connection

    async def recording(self: Any, *arguments: Any, **options: Any) -> Any:
        connected.extend(arguments[1:2])
        return await connect(self, *arguments, **options)

    async with servers("127.0.0.1") as (one,), public_server(named(one.port)) as public:
        monkeypatch.setattr(uvloop.Loop, "create_connection", recording)
        assert await calls_to(public, one) == [6]
    assert address not in connected
    assert "127.0.0.1" in connected


async def test_a_service_that_was_started_again_elsewhere_is_found_by_the_call_that_misses_it(
    resolver: Resolver,
) -> None:
    resolver.found = ["127.0.0.2"]
    async with servers("127.0.0.1") as (new,), public_server(named(new.port, resolve_every=3600)) as public:
        await until(lambda: resolver.look_ups)
        resolver.found = ["127.0.0.1"]
        assert await calls_to(public, new) == [6]


async def test_a_name_that_is_not_resolved_in_time_is_a_503(resolver: Resolver) -> None:
    resolver.gate.clear()
    async with public_server(named(80, connect_timeout=0.2)) as public:
        conversation = await converse(public.port, get(), replies=1, quiet=10)
        assert [reply.status for reply in conversation.replies] == [503]
        labels = {"route": "all", "upstream": "upstream", "status": "503", "cause": "unreachable"}
        assert public.metric("gateway_upstream_failures_total", **labels) == 1


async def test_one_look_up_serves_all_calls_that_wait_for_it(resolver: Resolver) -> None:
    resolver.found = ["127.0.0.1"]
    resolver.gate.clear()
    async with servers("127.0.0.1") as (one,):
        async with public_server(named(one.port, resolve_every=3600, connect_timeout=20.0)) as public:
            calls = [asyncio.create_task(statuses(public, get())) for _ in range(20)]
            await until(lambda: public.metric("gateway_active_requests") == 20)
            resolver.gate.set()
            assert await asyncio.gather(*calls) == [[200]] * 20
        assert resolver.look_ups == 1


async def test_the_other_family_is_used_only_where_the_first_is_not_reached(resolver: Resolver) -> None:
    resolver.found = ["::1", "127.0.0.1"]
    async with servers("127.0.0.1") as (only_ipv4,), public_server(named(only_ipv4.port)) as public:
        assert await calls_to(public, only_ipv4) == [6]
    async with servers("::1", "127.0.0.1") as (six, four), public_server(named(six.port)) as public:
        assert await calls_to(public, six, four) == [6, 0]
