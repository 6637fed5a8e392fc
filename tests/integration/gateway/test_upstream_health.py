"""An upstream that fails is left alone, and one call at a time finds out whether it is back."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.upstreams.settings import CircuitBreaker, HealthCheck
from shared.errors import Unavailable
from tests.integration.gateway.several_upstreams import CLIENTS, spread_over, statuses, upstreams
from tests.support.free_port import free_port
from tests.support.harness.public_server import Public, public_server, upstream_at
from tests.support.http1.client import converse
from tests.support.http1.framing_payloads import get
from tests.support.http1.upstream import OK, SILENCE, Script, Upstream, UpstreamCall, responding, running_upstream
from tests.support.waiting import until

LONG = CircuitBreaker(failures=3, window=60.0, open_for=60.0)
"""It is open until the test ends."""
SHORT = CircuitBreaker(failures=3, window=60.0, open_for=0.1)


async def refused_at_once(public: Public) -> bool:
    conversation = await converse(public.port, get(), replies=1, quiet=10, client=next(CLIENTS))
    (reply,) = conversation.replies
    return reply.status == 503 and public.metric("gateway_refusals_total", route="all", cause="circuit_open") > 0


@pytest.mark.parametrize(
    ("script", "status"),
    [
        pytest.param(responding(b""), 502, id="closes"),
        pytest.param(responding(b"", reset=True), 502, id="resets"),
        pytest.param(responding(b"HTTP/1.1 200 OK\r\nX: y\r\n"), 502, id="closes in the head"),
        pytest.param(SILENCE, 504, id="is silent"),
        pytest.param(responding(b"HTTP/1.1 200 OK\r\nX: ", close=False), 504, id="stops in the head"),
        pytest.param(responding(b"HTTP/1.1 103 Early Hints\r\n\r\n", close=False), 504, id="hints and no more"),
    ],
)
async def test_an_upstream_that_does_not_respond_gets_no_more_calls(
    script: Script, status: int, upstream: Upstream, lines: list[Mapping[str, Any]]
) -> None:
    upstream.script = script
    async with public_server(
        upstream_at(upstream.port, circuit_breaker=LONG), response_timeout=0.2, grace=0.1
    ) as public:
        assert await statuses(public, *[get()] * 3) == [status] * 3
        conversation = await converse(public.port, get(), replies=1)
        (reply,) = conversation.replies
        assert reply.status == 503
        assert 1 < int(reply.values("retry-after")[0]) <= 60
        assert await statuses(public, get(b"POST /x HTTP/1.1"), get()) == [503, 503]
        assert len(upstream.calls) == 3
        await until(lambda: len(lines) == 6)
        cause = {502: "connection_lost", 504: "response_timeout"}[status]
        assert [line["cause"] for line in lines] == [*[cause] * 3, *["circuit_open"] * 3]
        assert {line["reason"] for line in lines[3:]} == {f"calls have failed: {cause}"}
        assert "" not in {line.get("reason") for line in lines}
        assert public.metric("gateway_refusals_total", route="all", cause="circuit_open") == 3


async def test_an_upstream_that_is_not_there_is_left_alone_and_back_with_its_first_response() -> None:
    port = free_port()
    with capture_logs() as logs:
        async with public_server(upstream_at(port, circuit_breaker=SHORT)) as public:
            await statuses(public, *[get()] * 3)
            await until(lambda: refused_at_once(public))
            there = Upstream()
            server = await asyncio.start_server(there.serve, "127.0.0.1", port)
            await until(lambda: _is_served(public))
            assert await statuses(public, *[get()] * 5) == [200] * 5
            server.close()
    events = [line["event"] for line in logs if line["event"].startswith(("circuit", "upstream_address"))]
    assert events == ["upstream_address.unhealthy", "circuit.opened", "upstream_address.healthy", "circuit.closed"]
    assert {line["upstream"] for line in logs if line["event"].startswith("circuit")} == {"upstream"}


async def _is_served(public: Public) -> bool:
    return await statuses(public, get()) == [200]


@pytest.mark.parametrize(
    "response",
    [
        pytest.param(b"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n", id="errors of its own"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", id="bad responses"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut", id="responses that are cut"),
    ],
)
async def test_an_upstream_that_responds_goes_on_getting_calls_whatever_it_says(
    response: bytes, upstream: Upstream
) -> None:
    upstream.script = responding(response)
    async with public_server(upstream_at(upstream.port, circuit_breaker=LONG)) as public:
        for _ in range(10):
            await converse(public.port, get(), replies=1)
        assert len(upstream.calls) == 10


async def test_a_connection_that_ends_before_it_is_used_again_is_no_failure(upstream: Upstream) -> None:
    """Where an upstream keeps its connections for less long than the gateway does."""

    async def respond_and_close(_: UpstreamCall, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK)
        await writer.drain()
        writer.close()

    upstream.script = respond_and_close
    async with public_server(upstream_at(upstream.port, circuit_breaker=LONG)) as public:
        for _ in range(20):
            await statuses(public, get(b"POST /x HTTP/1.1"))
        assert await refused_at_once(public) is False


async def test_a_slow_endpoint_does_not_close_the_others(upstream: Upstream) -> None:
    """Its calls are late while others are responded to: that says nothing of the upstream."""

    async def script(call: UpstreamCall, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if call.target == "/slow":
            await reader.read()
        else:
            writer.write(OK)

    upstream.script = script
    target = upstream_at(upstream.port, circuit_breaker=LONG)
    async with public_server(target, response_timeout=2.0) as public:
        slow = [asyncio.create_task(statuses(public, get(b"GET /slow HTTP/1.1"))) for _ in range(10)]
        await until(lambda: sum(call.target == "/slow" for call in upstream.calls) == 10)
        assert await statuses(public, get()) == [200]
        assert await asyncio.gather(*slow) == [[504]] * 10
        assert await statuses(public, *[get()] * 3) == [200] * 3


@asynccontextmanager
async def open_circuit(upstream: Upstream, open_for: float) -> AsyncIterator[Public]:
    """It has just opened."""
    upstream.script = responding(b"")
    breaker = CircuitBreaker(failures=3, window=60.0, open_for=open_for)
    async with public_server(upstream_at(upstream.port, circuit_breaker=breaker)) as public:
        assert await statuses(public, *[get()] * 3) == [502] * 3
        upstream.reset()
        yield public


class Held:
    """An upstream's script: each call waits to be released."""

    def __init__(self) -> None:
        self.calls = 0
        self.released = asyncio.Event()

    async def __call__(self, _: UpstreamCall, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.calls += 1
        await self.released.wait()
        writer.write(OK)


async def crashing(call: UpstreamCall, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One request is too much for it."""
    if call.target == "/crash":
        writer.transport.abort()
    else:
        writer.write(OK)


async def test_a_client_whose_requests_make_an_upstream_fail_takes_it_from_nobody_else(upstream: Upstream) -> None:
    upstream.script = crashing
    async with public_server(upstream_at(upstream.port, circuit_breaker=SHORT)) as public:
        crashes = [get(b"GET /crash HTTP/1.1")] * 20
        for _ in range(3):
            found = [await converse(public.port, crash, replies=1, client="127.0.0.5") for crash in crashes]
            assert [reply.status for one in found for reply in one.replies] == [502] * 20
            assert await statuses(public, get()) == [200]


async def test_a_client_whose_requests_fail_does_not_keep_a_circuit_open(upstream: Upstream) -> None:
    async with open_circuit(upstream, 0.05) as public:
        upstream.script = crashing

        async def crashes() -> bool:
            found = await converse(public.port, get(b"GET /crash HTTP/1.1"), replies=1, client="127.0.0.5")
            return found.replies[0].status == 502

        await until(crashes)  # which opens it once more
        await until(crashes)
        assert await crashes()  # and not again
        assert await statuses(public, get(), get()) == [200, 200]


async def test_bodies_that_an_upstream_does_not_wait_for_are_no_failure_of_it() -> None:
    async def impatient(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            if (await reader.readuntil(b"\r\n\r\n")).startswith(b"POST "):
                writer.transport.abort()
            else:
                writer.write(OK)

    server = await asyncio.start_server(impatient, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, public_server(upstream_at(port, circuit_breaker=LONG)) as public:
        unfinished = get(b"POST / HTTP/1.1", b"Content-Length: 100001") + b"x" * 100_000
        assert await statuses(public, *[unfinished] * 6, get()) == [*[502] * 6, 200]


async def test_one_call_at_a_time_finds_out_whether_the_upstream_is_back(upstream: Upstream) -> None:
    async with open_circuit(upstream, 1.0) as public:
        upstream.script = held = Held()
        calls = [asyncio.create_task(_until_sent(public, held)) for _ in range(5)]
        await until(lambda: held.calls == 1)
        assert await asyncio.gather(*(statuses(public, get()) for _ in range(3))) == [[503]] * 3
        held.released.set()
        assert 200 in await asyncio.gather(*calls)
        assert await statuses(public, *[get()] * 3) == [200] * 3


async def _until_sent(public: Public, held: Held) -> int:
    """Calls until one goes through; the status of that."""
    while True:
        (status,) = await statuses(public, get())
        if status == 200 or held.calls:
            return status
        await asyncio.sleep(0.01)


async def test_a_client_that_leaves_while_it_finds_out_does_not_keep_the_circuit_open(upstream: Upstream) -> None:
    async with open_circuit(upstream, 0.1) as public:
        upstream.script = held = Held()

        async def sent() -> bool:
            client = public.connect(payload=get())
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.get_running_loop().sock_recv(client, 1), 0.05)
            client.close()
            return held.calls > 0

        await until(sent)
        upstream.script = None
        await until(lambda: _is_served(public))
        held.released.set()


@pytest.mark.parametrize(
    "script", [pytest.param(responding(b""), id="closes"), pytest.param(SILENCE, id="is silent")]
)
async def test_of_several_addresses_the_one_that_fails_is_left_alone_and_let_back(script: Script) -> None:
    async with upstreams(2) as (failing, sound):
        failing.script = script
        target = spread_over(failing.port, sound.port, circuit_breaker=SHORT)
        async with public_server(target, response_timeout=0.2) as public:
            found = await statuses(public, *[get()] * 12)
            assert 3 <= len([status for status in found if status != 200]) <= 8  # three, and calls that tried again
            failing.reset()
            await until(lambda: _got_a_call(public, failing))
            failing.calls.clear()
            sound.calls.clear()
            assert await statuses(public, *[get()] * 10) == [200] * 10
            assert (len(failing.calls), len(sound.calls)) == (5, 5)


async def _got_a_call(public: Public, upstream: Upstream) -> bool:
    await statuses(public, get())
    return bool(upstream.calls)


async def test_an_address_that_is_out_costs_no_call_its_time() -> None:
    async with upstreams(2) as (failing, sound):
        failing.script = SILENCE
        target = spread_over(failing.port, sound.port, circuit_breaker=LONG)
        async with public_server(target, response_timeout=0.2) as public:
            await statuses(public, *[get()] * 6)
            failing.calls.clear()
            assert await statuses(public, *[get()] * 20) == [200] * 20
            assert failing.calls == []


async def test_when_all_addresses_are_gone_the_circuit_opens_and_any_of_them_closes_it() -> None:
    async with upstreams(3) as all_of_them:
        for one in all_of_them:
            one.script = responding(b"")
        target = spread_over(*(one.port for one in all_of_them), circuit_breaker=SHORT)
        async with public_server(target) as public:
            await until(lambda: refused_at_once(public))
            all_of_them[1].reset()
            await until(lambda: _is_served(public))
            for one in all_of_them:
                one.reset()
            await until(lambda: _is_spread(public, all_of_them))


async def _is_spread(public: Public, all_of_them: list[Upstream]) -> bool:
    """Whether all get calls."""
    await statuses(public, *[get()] * 6)
    return all(one.calls for one in all_of_them)


CHECK = HealthCheck("/up?deep=1", interval=0.05, timeout=20.0, healthy_after=2, unhealthy_after=2)


def up(*, healthy: bool) -> Script:
    """Serves calls, and says on its health path how it is."""

    async def script(call: UpstreamCall, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if call.target.startswith("/up") and not healthy:
            writer.write(b"HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n")
        else:
            writer.write(OK)

    return script


def calls_of(upstream: Upstream) -> int:
    return sum(not call.target.startswith("/up") for call in upstream.calls)


async def test_an_address_whose_checks_fail_gets_no_calls_until_they_succeed_again() -> None:
    async with upstreams(2) as (one, two):
        one.script = up(healthy=False)
        two.script = up(healthy=True)
        with capture_logs() as logs:
            async with public_server(spread_over(one.port, two.port, health=CHECK)) as public:
                await until(lambda: any(line["event"] == "upstream_address.unhealthy" for line in logs))
                one.calls.clear()
                assert await statuses(public, *[get()] * 6) == [200] * 6
                assert calls_of(one) == 0
                one.script = up(healthy=True)
                await until(lambda: any(line["event"] == "upstream_address.healthy" for line in logs))
                assert await statuses(public, *[get()] * 6) == [200] * 6
                assert calls_of(one) == 3
        (unhealthy,) = [line for line in logs if line["event"] == "upstream_address.unhealthy"]
        assert (unhealthy["cause"], unhealthy["reason"]) == ("health_check", "status 503")
        assert unhealthy["address"] == f"127.0.0.1:{one.port}"
        check = next(call for call in two.calls if call.target.startswith("/up"))
        assert check.target == "/up?deep=1"
        assert check.values("Host") == [f"127.0.0.1:{two.port}"]


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        pytest.param(responding(b""), "connection_lost", id="closes"),
        pytest.param(SILENCE, "no response within 0.5 s", id="is silent"),
        pytest.param(responding(b"HTTP/1.1 OK\r\n\r\n"), "invalid_response", id="speaks no HTTP"),
        pytest.param(responding(b"HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n"), "status 404", id="does not know"),
    ],
)
async def test_a_check_fails_for_whatever_is_no_success_in_time(
    script: Script, reason: str, upstream: Upstream
) -> None:
    upstream.script = script
    with capture_logs() as logs:
        check = replace(CHECK, timeout=0.5) if script is SILENCE else CHECK
        async with public_server(upstream_at(upstream.port, health=check)):
            await until(lambda: any(line["event"] == "upstream_address.unhealthy" for line in logs))
    (line,) = [line for line in logs if line["event"] == "upstream_address.unhealthy"]
    assert line["reason"].startswith(reason)


async def test_when_the_checks_of_all_addresses_fail_all_get_calls() -> None:
    """A health path that nobody serves stops nothing."""
    async with upstreams(2) as (one, two):
        one.script = two.script = up(healthy=False)
        with capture_logs() as logs:
            async with public_server(spread_over(one.port, two.port, health=CHECK)) as public:
                await until(lambda: sum(line["event"] == "upstream_address.unhealthy" for line in logs) == 2)
                assert await statuses(public, *[get()] * 4) == [200] * 4
                assert (calls_of(one), calls_of(two)) == (2, 2)


async def test_operators_see_each_address_the_circuit_and_what_has_happened() -> None:
    async with upstreams(2) as (failing, sound):
        target = spread_over(failing.port, sound.port, circuit_breaker=LONG)
        async with public_server(target) as public:
            states = public.server.upstreams
            await states.check()
            one, two = f"127.0.0.1:{failing.port}", f"127.0.0.1:{sound.port}"
            await statuses(public, get(), get())
            shown = states.details()["upstreams"]["upstream"]
            assert {name: address["state"] for name, address in shown["addresses"].items()} == {
                one: "up",
                two: "up",
            }
            assert [address["connections"] for address in shown["addresses"].values()] == [1, 1]
            failing.script = responding(b"")
            await statuses(public, *[get()] * 8)
            with pytest.raises(Unavailable, match=f"^upstream at {one}: calls fail$"):
                await states.check()
            up = {
                a: public.metric("gateway_upstream_address_up", upstream="upstream", address=a) for a in (one, two)
            }
            assert up == {one: 0, two: 1}
            assert public.metric("gateway_upstream_ejections_total", upstream="upstream", address=one) == 1
            assert public.metric("gateway_upstream_circuit_open", upstream="upstream") == 0
            sound.script = responding(b"")
            await until(lambda: refused_at_once(public))
            assert states.details()["upstreams"]["upstream"]["circuit"] == "open"
            assert public.metric("gateway_upstream_circuit_open", upstream="upstream") == 1
            assert public.metric("gateway_upstream_panic", upstream="upstream") == 1
            assert public.metric("gateway_upstream_circuit_openings_total", upstream="upstream") == 1


async def test_an_upstream_that_failed_and_is_not_called_any_more_does_not_count_as_a_fault_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with public_server(upstream_at(free_port(), circuit_breaker=SHORT)) as public:
        await statuses(public, *[get()] * 3)
        states = public.server.upstreams
        with pytest.raises(Unavailable):
            await states.check()
        monkeypatch.setattr("gateway.proxy.upstream.states.UNTRIED_AFTER_S", 0.0)
        await asyncio.sleep(SHORT.open_for)
        await states.check()
        (shown,) = states.details()["upstreams"]["upstream"]["addresses"].values()
        assert shown["reason"] == "calls failed, and there has been none since"


async def test_an_address_whose_checks_pass_again_is_no_fault_though_no_call_has_come_since(
    upstream: Upstream,
) -> None:
    upstream.script = responding(b"")
    async with public_server(upstream_at(upstream.port, circuit_breaker=SHORT, health=CHECK)) as public:
        await statuses(public, *[get()] * 3)
        states = public.server.upstreams
        with pytest.raises(Unavailable):
            await states.check()
        upstream.script = None
        await until(
            lambda: _shown(public) == "calls failed, and there has been none since, but its health checks pass"
        )
        await states.check()
        assert await statuses(public, get()) == [200]
        assert _shown(public) is None


def _shown(public: Public) -> str | None:
    """Why the one address gets no calls."""
    (address,) = public.server.upstreams.details()["upstreams"]["upstream"]["addresses"].values()
    reason: str | None = address.get("reason")
    return reason


async def test_calls_that_wait_get_no_connection_to_an_address_that_is_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.proxy.upstream.pool.CONNECTION_WAIT_S", 20.0)
    async with upstreams(2) as (one, two):
        one.script = held = Held()
        two.script = also_held = Held()
        target = spread_over(one.port, two.port, connections=2, connect_timeout=20.0)
        async with public_server(target) as public:
            calls = [asyncio.create_task(statuses(public, get())) for _ in range(2)]
            await until(lambda: held.calls + also_held.calls == 2)
            (pool,) = public.server.upstreams
            health = HealthCheck("/", unhealthy_after=1)
            pool.endpoints.all[0].health.checked(health, passed=False)
            pool.selection.checked(pool.endpoints.all[0], "test")
            calls += [asyncio.create_task(statuses(public, get()))]
            await until(lambda: public.metric("gateway_active_requests") == 3)
            held.released.set()
            await until(lambda: also_held.calls == 2)
            also_held.released.set()
            assert await asyncio.gather(*calls) == [[200]] * 3
            assert (held.calls, also_held.calls) == (1, 2)


async def test_checks_end_with_the_gateway_and_leave_no_connection() -> None:
    async with running_upstream() as upstream:
        async with public_server(upstream_at(upstream.port, health=CHECK)):
            await until(lambda: len(upstream.calls) > 2)
        await until(lambda: upstream.open == 0)
        checks = len(upstream.calls)
        await asyncio.sleep(0.2)
        assert len(upstream.calls) == checks
