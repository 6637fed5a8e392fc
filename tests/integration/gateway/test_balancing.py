"""Several addresses of one upstream: each gets its share, and one that cannot be reached costs no call."""

import asyncio
import socket

import pytest

from gateway.upstreams.settings import Balance
from tests.integration.gateway.several_upstreams import spread_over, statuses, upstreams
from tests.support.free_port import free_port
from tests.support.harness.public_server import public_server
from tests.support.http1.framing_payloads import get
from tests.support.http1.upstream import OK, UpstreamCall
from tests.support.waiting import until


@pytest.mark.parametrize("balance", Balance)
async def test_calls_are_divided_by_weight_and_each_address_gets_its_own_name_as_host(
    balance: Balance,
) -> None:
    async with upstreams(2) as (one, two):
        target = spread_over(one.port, two.port, weights=(3, 1), balance=balance)
        async with public_server(target) as public:
            assert await statuses(public, *[get()] * 8) == [200] * 8
        assert (len(one.calls), len(two.calls)) == (6, 2)
        for upstream in (one, two):
            assert {tuple(call.values("Host")) for call in upstream.calls} == {(f"127.0.0.1:{upstream.port}",)}


async def test_least_connections_leaves_an_address_alone_that_is_slow() -> None:
    released = asyncio.Event()

    async def hold(_: UpstreamCall, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await released.wait()
        writer.write(OK)

    async with upstreams(2) as (slow, quick):
        slow.script = hold
        target = spread_over(slow.port, quick.port, balance=Balance.LEAST_CONNECTIONS)
        async with public_server(target) as public:
            held = asyncio.create_task(statuses(public, get()))
            await until(lambda: slow.calls)
            assert await statuses(public, *[get()] * 6) == [200] * 6
            assert (len(slow.calls), len(quick.calls)) == (1, 6)
            released.set()
            assert await held == [200]


@pytest.mark.parametrize("method", [b"GET", b"POST"])
async def test_a_call_goes_to_another_address_when_one_refuses_the_connection(method: bytes) -> None:
    """Whatever its method: nothing has been sent yet."""
    async with upstreams(1) as (there,):
        async with public_server(spread_over(free_port(), there.port)) as public:
            request = get(method + b" /x HTTP/1.1", b"Content-Length: 4") + b"body"
            assert await statuses(public, *[request] * 4) == [200] * 4
        assert [(call.body, call.values("Host")) for call in there.calls] == [
            (b"body", [f"127.0.0.1:{there.port}"])
        ] * 4


async def test_a_call_goes_to_another_address_when_one_does_not_take_the_connection_in_time() -> None:
    with socket.socket() as silent:  # its queue is full: what comes now is not accepted, and not refused
        silent.bind(("127.0.0.1", 0))
        silent.listen(0)
        full = [socket.socket() for _ in range(4)]
        for client in full:
            client.setblocking(False)
            client.connect_ex(silent.getsockname())
        async with upstreams(1) as (there,):
            target = spread_over(silent.getsockname()[1], there.port, connect_timeout=1.0)
            async with public_server(target) as public:
                assert await statuses(public, get(), get()) == [200, 200]
        for client in full:
            client.close()


async def test_an_upstream_of_which_no_address_is_there_is_a_503() -> None:
    async with public_server(spread_over(free_port(), free_port())) as public:
        assert await statuses(public, get()) == [503]
        labels = {"route": "all", "upstream": "upstream", "status": "503", "cause": "unreachable"}
        assert public.metric("gateway_upstream_failures_total", **labels) == 1


async def test_the_bound_on_connections_is_of_all_addresses_together() -> None:
    async with (
        upstreams(2) as (one, two),
        public_server(spread_over(one.port, two.port, connections=1)) as public,
    ):
        assert await statuses(public, *[get()] * 4) == [200] * 4
        assert (len(one.calls), len(two.calls)) == (2, 2)
        await until(lambda: one.open + two.open == 1)


async def test_a_request_that_was_sent_is_not_sent_to_another_address() -> None:
    async def lose(_: UpstreamCall, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with upstreams(2) as (one, two):
        one.script = two.script = lose
        async with public_server(spread_over(one.port, two.port)) as public:
            assert await statuses(public, get(b"POST /x HTTP/1.1"), get()) == [502, 502]
        assert len(one.calls) + len(two.calls) == 2


async def test_where_the_route_allows_it_a_lost_request_is_sent_once_more_to_another_address() -> None:
    async def lose(_: UpstreamCall, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with upstreams(2) as (one, two):
        one.script = lose
        async with public_server(spread_over(one.port, two.port), retry=True) as public:
            assert await statuses(public, get()) == [200]
        assert (len(one.calls), len(two.calls)) == (1, 1)
