"""The pools of upstreams, over many versions of a route file, and who waits for a connection."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import uvloop
from structlog.testing import capture_logs

from gateway.http1.response import ResponseHead
from gateway.proxy.ports import UpstreamFailed
from gateway.proxy.upstream import pool, waiting
from gateway.proxy.upstream import pools as all_pools
from gateway.proxy.upstream.connection import UpstreamConnection
from gateway.proxy.upstream.pools import Pools
from gateway.routing.table import Upstream as Target
from gateway.upstreams.settings import Address, CircuitBreaker
from tests.support.http1.upstream import Upstream, UpstreamCall, running_upstream
from tests.support.waiting import until

REQUEST = b"GET /echo HTTP/1.1\r\nHost: a\r\n\r\n"


class Call:
    """Waits for a connection, and on it for the response to one request."""

    def __init__(self, client_key: str = "client", *, hold: bool = False) -> None:
        self.client_key = client_key
        self.status: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.connection: UpstreamConnection | None = None
        self._hold = hold

    def connected(self, connection: UpstreamConnection) -> None:
        self.connection = connection
        if not self._hold:
            self.send()

    def send(self) -> None:
        assert self.connection is not None
        self.connection.begin(self, "GET", REQUEST, complete=True, response_timeout=5, idle_timeout=5)

    def response_began(self, head: ResponseHead, _: bytes, *, complete: bool) -> None:
        assert complete
        self.status.set_result(head.status)

    def response_continued(self, content: bytes, *, complete: bool) -> None: ...

    def upstream_failed(self, error: UpstreamFailed) -> None:
        self.status.set_exception(error)

    def upstream_congested(self) -> None: ...

    def upstream_ready(self) -> None: ...


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    """One to which nobody else has connections."""
    async with running_upstream() as own:
        yield own


@pytest.fixture
async def pools() -> AsyncIterator[Pools]:
    found = Pools()
    yield found
    await found.close()


def now() -> float:
    return asyncio.get_running_loop().time()


def swept(pools: Pools) -> bool:
    pools.sweep(now())
    return True


async def call(pools: Pools, target: Target) -> int:
    caller = Call()
    pools.of(target).acquire(caller)
    return await asyncio.wait_for(caller.status, 5)


def target_of(upstream: Upstream, **members: float) -> Target:
    return replace(Target("echo", "http", "127.0.0.1", upstream.port, keep_idle=60), **members)  # type: ignore[arg-type]


async def test_of_earlier_versions_of_an_upstream_no_pool_is_kept(
    upstream: Upstream, pools: Pools, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(all_pools, "POOL_LIFE_S", 0.0)
    for connections in range(1, 6):
        assert await call(pools, target_of(upstream, connections=connections, keep_idle=0.01)) == 200
    await until(lambda: swept(pools) and len(pools) == 0)
    await until(lambda: upstream.open == 0)
    assert await call(pools, target_of(upstream)) == 200


async def test_an_idle_connection_is_used_again_and_ends_after_its_time(upstream: Upstream, pools: Pools) -> None:
    target = target_of(upstream, keep_idle=0.05)
    assert [await call(pools, target) for _ in range(5)] == [200] * 5
    assert upstream.open == 1
    await until(lambda: swept(pools) and upstream.open == 0)


async def test_who_waits_gets_the_next_connection_in_turn(upstream: Upstream, pools: Pools) -> None:
    target = target_of(upstream, connections=1)
    first = Call(hold=True)
    pools.of(target).acquire(first)
    await until(lambda: first.connection is not None)
    others = [Call() for _ in range(3)]
    for other in others:
        pools.of(target).acquire(other)
    assert all(other.connection is None for other in others)
    first.send()
    assert [await asyncio.wait_for(other.status, 5) for other in (first, *others)] == [200] * 4
    assert upstream.open == 1


async def test_who_waits_too_long_or_as_one_too_many_is_told_so(
    upstream: Upstream, pools: Pools, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "MAX_WAITING", 1)
    target = target_of(upstream, connections=1)
    first, second, third = Call(hold=True), Call(), Call()
    for caller in (first, second, third):
        pools.of(target).acquire(caller)
        await until(lambda: first.connection is not None)
    with pytest.raises(UpstreamFailed, match="connections_in_use"):
        await third.status
    pools.sweep(now() + pool.CONNECTION_WAIT_S)
    with pytest.raises(UpstreamFailed, match="connections_in_use"):
        await second.status
    first.send()
    assert await asyncio.wait_for(first.status, 5) == 200


async def test_a_connection_that_is_lost_makes_room_for_who_waits(upstream: Upstream, pools: Pools) -> None:
    target = target_of(upstream, connections=1)
    first, second = Call(hold=True), Call()
    pools.of(target).acquire(first)
    await until(lambda: first.connection is not None)
    pools.of(target).acquire(second)
    assert first.connection is not None
    first.connection.abort()
    assert await asyncio.wait_for(second.status, 5) == 200


async def test_who_gave_up_gets_no_connection(upstream: Upstream, pools: Pools) -> None:
    target = target_of(upstream, connections=1)
    first, gone, last = Call(), Call(), Call()
    for caller in (first, gone, last):
        pools.of(target).acquire(caller)
    pools.of(target).give_up(gone)
    assert await asyncio.wait_for(last.status, 5) == 200
    assert gone.connection is None


@pytest.mark.parametrize("connections", [1, 8])
async def test_a_flood_of_one_client_does_not_queue_another_clients_call(
    connections: int, upstream: Upstream, pools: Pools
) -> None:
    target = target_of(upstream, connections=connections)
    held = [Call("flood", hold=True) for _ in range(connections)]
    for caller in held:
        pools.of(target).acquire(caller)
    await until(lambda: all(caller.connection is not None for caller in held))
    flood, other = [Call("flood", hold=True) for _ in range(500)], Call("other")
    for caller in flood:
        pools.of(target).acquire(caller)
    pools.of(target).acquire(other)
    refused = [caller for caller in flood if caller.status.done()]
    assert len(refused) == 500 - waiting.MAX_WAITING_PER_CLIENT
    assert {str(caller.status.exception()) for caller in refused} == {"connections_in_use"}
    held[0].send()  # the flood has waited longer, so the next turn is the flood's, and the one after it the other's
    await until(lambda: flood[0].connection is not None)
    assert other.connection is None
    flood[0].send()
    assert await asyncio.wait_for(other.status, 5) == 200


async def test_a_flood_of_many_clients_leaves_no_place_to_a_newcomer_only_where_each_has_one(
    upstream: Upstream, pools: Pools, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "MAX_WAITING", 4)
    target = target_of(upstream, connections=1)
    first = Call(hold=True)
    pools.of(target).acquire(first)
    await until(lambda: first.connection is not None)
    flood = [Call("flood") for _ in range(4)]
    for caller in flood:
        pools.of(target).acquire(caller)
    others = [Call(f"other {number}") for number in range(4)]
    for caller in others:
        pools.of(target).acquire(caller)
    first.send()
    outcomes = await asyncio.gather(*(c.status for c in (*flood, *others)), return_exceptions=True)
    served = [outcome == 200 for outcome in outcomes]
    assert served == [True, False, False, False, True, True, True, False]


async def fail(pools: Pools, target: Target) -> str:
    with pytest.raises(UpstreamFailed) as failed:
        await call(pools, target)
    return failed.value.cause


async def test_what_is_known_of_an_address_outlives_a_new_version_of_its_upstream(
    upstream: Upstream, pools: Pools
) -> None:
    gone = Address("127.0.0.1", 1)
    there = Address("127.0.0.1", upstream.port)
    breaker = CircuitBreaker(failures=1, open_for=60)
    target = Target("two", "http", "127.0.0.1", 1, addresses=(gone, there), circuit_breaker=breaker)
    pools.follow([target])
    assert await call(pools, target) == 200
    changed = replace(target, connections=7)
    pools.follow([changed])
    (pool_,) = pools
    assert pool_.upstream is changed
    assert [endpoint.health.available for endpoint in pool_.endpoints.all] == [False, True]
    other_address = replace(target, host="127.0.0.1", port=upstream.port, addresses=(there,))
    pools.follow([other_address])
    (pool_,) = pools
    assert [endpoint.health.available for endpoint in pool_.endpoints.all] == [True]


async def test_an_upstream_that_has_left_the_route_file_and_comes_back_is_known_by_its_pool(
    upstream: Upstream, pools: Pools
) -> None:
    target = Target("gone", "http", "127.0.0.1", 1, circuit_breaker=CircuitBreaker(failures=1, open_for=60))
    pools.follow([target])
    assert await fail(pools, target) == "unreachable"
    pools.follow([])
    assert list(pools) == []
    pools.follow([target])
    assert await fail(pools, target) == "circuit_open"


async def test_an_attempt_that_fails_after_another_has_succeeded_leaves_its_place_free(
    upstream: Upstream, pools: Pools, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or an upstream that fails now and then would have no place left in the end."""
    gate = asyncio.Event()
    attempts = 0
    connect = uvloop.Loop.create_connection

    async def first_fails_late(self: Any, *arguments: Any, **options: Any) -> Any:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            await gate.wait()
            raise ConnectionRefusedError
        return await connect(self, *arguments, **options)

    monkeypatch.setattr(uvloop.Loop, "create_connection", first_fails_late)
    target = target_of(upstream, connections=2)
    both = [Call(), Call()]
    pools.of(target).acquire(both[0])
    await until(lambda: attempts == 1)
    pools.of(target).acquire(both[1])
    assert await asyncio.wait_for(both[0].status, 5) == 200  # by the attempt that was begun for the other
    assert await asyncio.wait_for(both[1].status, 5) == 200
    gate.set()
    for _ in range(10):  # or it fails one of those who come now
        await asyncio.sleep(0)
    held = [Call(hold=True) for _ in range(2)]
    for caller in held:
        pools.of(target).acquire(caller, fresh=True)
    await until(lambda: all(caller.connection is not None for caller in held))


async def test_who_asks_for_a_fresh_connection_gets_none_that_another_call_has_used(
    upstream: Upstream, pools: Pools, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or the second try of a call could meet the same end as the first."""
    gate = asyncio.Event()
    first, again = Call(hold=True), Call(hold=True)
    target = target_of(upstream, connect_timeout=60)
    pools.of(target).acquire(first)
    await until(lambda: first.connection is not None)
    connect = uvloop.Loop.create_connection

    async def late(self: Any, *arguments: Any, **options: Any) -> Any:
        await gate.wait()
        return await connect(self, *arguments, **options)

    monkeypatch.setattr(uvloop.Loop, "create_connection", late)
    pools.of(target).acquire(again, fresh=True)
    first.send()
    assert await asyncio.wait_for(first.status, 5) == 200
    assert again.connection is None
    gate.set()
    await until(lambda: again.connection is not None)
    assert again.connection is not first.connection


async def test_where_no_more_may_be_opened_a_used_connection_will_do(upstream: Upstream, pools: Pools) -> None:
    target = target_of(upstream, connections=1)
    first, again = Call(hold=True), Call()
    pools.of(target).acquire(first)
    await until(lambda: first.connection is not None)
    pools.of(target).acquire(again, fresh=True)
    first.send()
    assert await asyncio.wait_for(again.status, 5) == 200
    assert again.connection is first.connection


async def test_a_fault_of_ours_while_connecting_is_logged_and_nobody_waits_for_it(
    upstream: Upstream, pools: Pools, monkeypatch: pytest.MonkeyPatch
) -> None:
    def faulty(*_: object, **__: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(pool, "open_connection", faulty)
    target = target_of(upstream, connections=1, connect_timeout=60)
    with capture_logs() as logs, pytest.raises(UpstreamFailed, match="unreachable: internal error: see"):
        await call(pools, target)
    assert [(line["event"], line["upstream"]) for line in logs] == [("upstream_connection.failed", "echo")]
    monkeypatch.undo()
    assert await call(pools, target) == 200


async def test_nobody_waits_for_an_upstream_that_is_not_there(pools: Pools) -> None:
    with pytest.raises(UpstreamFailed, match="unreachable"):
        await call(pools, Target("gone", "http", "127.0.0.1", 1))
    with pytest.raises(UpstreamFailed, match="unreachable"):
        await call(pools, Target("gone", "http", "169.254.169.254.nip.invalid", 1))


@pytest.mark.interpreted
async def test_a_fault_in_one_that_is_late_keeps_no_other_from_its_end(
    upstream: Upstream, pools: Pools, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(_: UpstreamCall, reader: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
        await reader.read()

    def fail(_: UpstreamConnection) -> None:
        raise RuntimeError("a fault of ours")

    upstream.script = silent
    target = target_of(upstream, connections=2)
    under_way, waiting_ones = [Call(), Call()], [Call(), Call()]
    for call in under_way:
        pools.of(target).acquire(call)
    await until(lambda: all(call.connection is not None for call in under_way))
    for call in waiting_ones:
        pools.of(target).acquire(call)
    waiting_ones[0].upstream_failed = fail  # type: ignore[method-assign, assignment]
    monkeypatch.setattr(UpstreamConnection, "expired", fail)
    with capture_logs() as logs:
        pools.sweep(now() + 60)
    for call, cause in ((under_way[0], "connection_lost"), (under_way[1], "connection_lost")):
        with pytest.raises(UpstreamFailed, match=cause):
            await call.status
    with pytest.raises(UpstreamFailed, match="connections_in_use"):
        await waiting_ones[1].status
    assert [entry["sweep"] for entry in logs] == ["upstream_connections"] * 2 + ["upstream_waiting"]
