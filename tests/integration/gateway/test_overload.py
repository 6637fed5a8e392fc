"""A gateway that gets more calls than it can serve begins them by turns, and refuses what has waited too long."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest

from gateway.proxy.overload import admission
from tests.support.harness.public_server import Public, post, public_server, upstream_at
from tests.support.http1.client import Conversation, converse
from tests.support.http1.framing_payloads import get
from tests.support.http1.upstream import Upstream
from tests.support.waiting import BUSY_MACHINE_LIMIT_S, until

CALLS = 40


def overload(public: Public) -> None:
    """Let it seem to be long over what it can do."""
    public.server.admission.measured(admission.OVERLOADED_AFTER_S)
    assert public.metric("gateway_overloaded") == 1


async def call(public: Public, *payloads: bytes) -> Conversation:
    return await converse(public.port, *payloads, replies=1, quiet=BUSY_MACHINE_LIMIT_S)


async def test_calls_that_have_to_wait_are_served_as_any_other(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admission, "BEGUN_PER_TURN", 1)
    monkeypatch.setattr(admission, "BEGINNING_S", 0)
    monkeypatch.setattr(admission, "MAX_WAIT_S", BUSY_MACHINE_LIMIT_S)
    body = b"b" * 100_000
    async with public_server(upstream_at(upstream.port)) as public:
        overload(public)
        requests = [get(), post(len(body), content=body)] * (CALLS // 2)
        conversations = await asyncio.gather(*(call(public, request) for request in requests))
    assert [reply.status for c in conversations for reply in c.replies] == [200] * CALLS
    assert sorted(len(call.body) for call in upstream.calls) == [0] * (CALLS // 2) + [len(body)] * (CALLS // 2)


async def test_a_call_that_has_waited_for_too_long_is_503_with_retry_after_and_the_connection_goes_on(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch, lines: list[Mapping[str, Any]]
) -> None:
    monkeypatch.setattr(admission, "BEGUN_PER_TURN", 0)
    monkeypatch.setattr(admission, "BEGINNING_S", 0)
    monkeypatch.setattr(admission, "MAX_WAIT_S", 0)
    async with public_server(upstream_at(upstream.port)) as public:
        overload(public)
        conversation = await converse(public.port, get() + get(), replies=2, quiet=BUSY_MACHINE_LIMIT_S)
        assert not conversation.closed
        live = await call(public, get(b"GET /health/live HTTP/1.1"))
        labels = {"route": "unmatched", "cause": "overload"}
        assert public.metric("gateway_refusals_total", **labels) == 2
        assert public.metric("gateway_waiting_requests") == 0
    assert upstream.calls == []
    assert live.replies[0].status == 200
    for reply in conversation.replies:
        problem = json.loads(reply.body)
        assert (reply.status, reply.values("retry-after")) == (503, ["1"])
        assert reply.values("content-type") == ["application/problem+json"]
        assert (problem["code"], [problem["request_id"]]) == ("overloaded", reply.values("x-request-id"))
    assert {line["cause"] for line in lines if line["status"] == 503} == {"overload"}


async def test_a_client_that_leaves_while_its_call_waits_costs_the_upstream_nothing(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admission, "BEGUN_PER_TURN", 0)
    monkeypatch.setattr(admission, "BEGINNING_S", 0)
    monkeypatch.setattr(admission, "MAX_WAIT_S", BUSY_MACHINE_LIMIT_S)
    async with public_server(upstream_at(upstream.port)) as public:
        overload(public)
        leaving = [public.connect(payload=get()), public.connect(payload=post(100, content=b"a"))]
        await until(lambda: public.metric("gateway_waiting_requests") == 2)
        assert public.metric("gateway_bodies_under_way") == 1
        for connection in leaving:
            connection.close()
        await until(lambda: public.metric("gateway_open_connections") == 0)
        assert public.metric("gateway_bodies_under_way") == 0
        monkeypatch.setattr(admission, "BEGUN_PER_TURN", 2)
        await until(lambda: public.metric("gateway_waiting_requests") == 0)
        assert (await call(public, get())).replies[0].status == 200
    assert len(upstream.calls) == 1
