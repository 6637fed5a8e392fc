"""The trace of a call whose upstream failed names the upstream, its address and what went wrong, in words."""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from gateway.routing.table import Upstream as Target
from gateway.upstreams.settings import Address, CircuitBreaker
from shared.contracts.refusal_traces import RefusalTrace
from shared.refusal_traces.recorder import RefusalTraces
from tests.integration.gateway.several_upstreams import statuses
from tests.support.clock import FakeClock
from tests.support.free_port import free_port
from tests.support.harness.public_server import Public, public_server, upstream_at
from tests.support.http1.framing_payloads import get
from tests.support.http1.upstream import SILENCE, Script, responding, running_upstream

PATIENT = CircuitBreaker(failures=100)
CLASS_NAME = re.compile(r"[A-Za-z]+(?:Error|Exception)\b")


class Sink:
    def __init__(self) -> None:
        self.traces: list[RefusalTrace] = []

    async def add_traces(self, traces: Sequence[RefusalTrace]) -> None:
        self.traces += traces


class Explained:
    def __init__(self, public: Public, traces: RefusalTraces, sink: Sink) -> None:
        self._public, self._traces, self._sink = public, traces, sink

    async def found(self, calls: int = 1) -> str:
        """By the last of so many calls, each of which fails."""
        await statuses(self._public, *[get()] * calls)
        await self._traces.stop()
        found = self._sink.traces[-1].steps[-1].found
        assert CLASS_NAME.search(found) is None
        return found


@asynccontextmanager
async def explained(target: Target) -> AsyncIterator[Explained]:
    sink = Sink()
    traces = RefusalTraces(sink, service="gateway", clock=FakeClock())
    async with public_server(target, traces=traces, response_timeout=0.2, idle_timeout=0.2) as public:
        yield Explained(public, traces, sink)


async def test_an_upstream_where_nothing_listens_is_named_with_its_address() -> None:
    port = free_port()
    async with explained(upstream_at(port, circuit_breaker=PATIENT)) as call:
        assert await call.found() == f"upstream upstream at 127.0.0.1:{port}: connection refused"


@pytest.mark.parametrize(
    ("script", "words"),
    [
        pytest.param(responding(b""), "it closed the connection", id="closes"),
        pytest.param(responding(b"", reset=True), "connection reset by peer", id="resets"),
        pytest.param(SILENCE, "no response began within response_timeout", id="is silent"),
        pytest.param(
            responding(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", close=False),
            "no more of the response came within idle_timeout",
            id="stalls",
        ),
        pytest.param(
            responding(b"SSH-2.0-x\r\n\r\n"), "the response is invalid: it has no status line", id="no HTTP"
        ),
    ],
)
async def test_what_an_upstream_did_instead_of_responding_is_said_in_words(script: Script, words: str) -> None:
    async with running_upstream() as upstream:
        upstream.script = script
        target = upstream_at(upstream.port, circuit_breaker=PATIENT)
        async with explained(target) as call:
            assert await call.found() == f"upstream upstream at 127.0.0.1:{upstream.port}: {words}"


async def test_an_upstream_that_is_left_alone_is_named_with_its_addresses_and_the_cause() -> None:
    first, second = free_port(), free_port()
    addresses = (Address("127.0.0.1", first), Address("127.0.0.1", second))
    breaker = CircuitBreaker(failures=1, window=60.0, open_for=60.0)
    async with explained(upstream_at(first, addresses=addresses, circuit_breaker=breaker)) as call:
        both = f"http://127.0.0.1:{first}, http://127.0.0.1:{second}"
        assert await call.found(calls=4) == f"upstream upstream at {both}: calls have failed: unreachable"
