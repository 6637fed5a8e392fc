"""An upstream gets one trace with each call, and the log names the same; who is not trusted names neither."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.edge.trace_context import TraceContext
from tests.support.harness.gateway_process import gateway_process
from tests.support.harness.public_server import PROXY, Public, public_server, upstream_at
from tests.support.http1.client import Reply, converse, parse_replies
from tests.support.http1.framing_payloads import get
from tests.support.http1.upstream import OK, Upstream, UpstreamCall

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
GIVEN = f"traceparent: 00-{TRACE}-00f067aa0ba902b7-00".encode()
STATE = b"tracestate: rojo=00f067aa0ba902b7"
STRANGER = "127.0.0.7"
PARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")


@pytest.fixture
async def public(upstream: Upstream) -> AsyncIterator[Public]:
    async with public_server(upstream_at(upstream.port), tracing=TraceContext()) as running:
        yield running


async def called(public: Public, *fields: bytes, peer: str = STRANGER) -> Reply:
    reader, writer = await asyncio.open_connection("127.0.0.1", public.port, local_addr=(peer, 0))
    writer.write(get(b"GET /x HTTP/1.1", b"Connection: close", *fields))
    raw = await asyncio.wait_for(reader.read(), 20)
    writer.close()
    [reply] = parse_replies(raw)
    return reply


def parent_of(call: UpstreamCall) -> tuple[str, str, str]:
    """Trace, parent and flags of the one that there is."""
    [value] = call.values("traceparent")
    match = PARENT.fullmatch(value)
    assert match is not None, value
    return match[1], match[2], match[3]


async def test_a_trace_of_a_trusted_proxy_goes_on_with_another_parent(public: Public, upstream: Upstream) -> None:
    for _ in range(2):
        assert (await called(public, GIVEN, STATE, peer=PROXY)).status == 200
    parents = [parent_of(call) for call in upstream.calls]
    assert [(trace, flags) for trace, _, flags in parents] == [(TRACE, "00")] * 2
    assert len({"00f067aa0ba902b7", *(parent for _, parent, _ in parents)}) == 3
    assert [call.values("tracestate") for call in upstream.calls] == [["rojo=00f067aa0ba902b7"]] * 2


@pytest.mark.parametrize(
    "fields",
    [
        (),
        (GIVEN, STATE),
        (STATE,),
        (GIVEN, GIVEN),
        (b"Traceparent: nonsense",),
        (b"TRACEPARENT: " + b"x" * 4000, STATE),
        (b"Connection: traceparent", GIVEN),
    ],
)
async def test_every_other_call_has_a_trace_of_its_own_under_its_requests_id(
    public: Public, upstream: Upstream, fields: tuple[bytes, ...]
) -> None:
    replies = [await called(public, *fields) for _ in range(2)]
    traces = [parent_of(call)[0] for call in upstream.calls]
    assert traces == [reply.values("x-request-id")[0] for reply in replies]
    assert len({TRACE, *traces}) == 3
    assert [call.values("tracestate") for call in upstream.calls] == [[], []]


async def test_what_a_trusted_proxy_got_wrong_is_replaced(public: Public, upstream: Upstream) -> None:
    await called(public, GIVEN.replace(b"4bf9", b"4BF9"), STATE, peer=PROXY)
    assert parent_of(upstream.calls[0])[0] != TRACE
    assert upstream.calls[0].values("tracestate") == []


async def test_names_that_only_look_like_a_trace_are_no_trace(public: Public, upstream: Upstream) -> None:
    await called(public, GIVEN.replace(b"traceparent", b"trace_parent"), peer=PROXY)
    assert parent_of(upstream.calls[0])[0] != TRACE
    assert b"trace_parent" not in upstream.calls[0].raw_head


async def test_a_call_that_is_sent_again_is_still_one_trace(upstream: Upstream) -> None:
    """An idle connection that the upstream closed meanwhile is replaced by a new one."""
    async with public_server(upstream_at(upstream.port), tracing=TraceContext()) as public:
        await called(public)

        async def gone(_: UpstreamCall, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            upstream.script = None
            writer.close()

        upstream.script = gone
        reply = await called(public)
    assert reply.status == 200
    assert parent_of(upstream.calls[1]) == parent_of(upstream.calls[2])


async def test_without_tracing_what_comes_goes_on_as_it_came(upstream: Upstream) -> None:
    async with public_server(upstream_at(upstream.port)) as public:
        await called(public, GIVEN, STATE)
        await called(public)
    assert upstream.calls[0].values("traceparent") == [GIVEN.decode().partition(": ")[2]]
    assert upstream.calls[0].values("tracestate") == ["rojo=00f067aa0ba902b7"]
    assert upstream.calls[1].values("traceparent") == []


async def test_an_id_of_a_request_is_kept_from_a_trusted_proxy_alone(public: Public, upstream: Upstream) -> None:
    given = b"X-Request-Id: from-outside-1"
    replies = [await called(public, given, peer=PROXY), await called(public, given)]
    kept, replaced = (reply.values("x-request-id")[0] for reply in replies)
    assert kept == "from-outside-1"
    assert re.fullmatch("[0-9a-f]{32}", replaced)
    assert [call.values("x-request-id") for call in upstream.calls] == [[kept], [replaced]]
    trace, _, _ = parent_of(upstream.calls[0])
    assert re.fullmatch("[0-9a-f]{32}", trace)


@pytest.mark.parametrize(
    ("settings", "trace", "flags"),
    [
        ({"PASSGATE_TRACE_CONTEXT": "anyone"}, TRACE, "00"),
        ({"PASSGATE_TRUSTED_PROXIES": "127.0.0.0/8"}, TRACE, "00"),
        ({"PASSGATE_TRACE_SAMPLED_SHARE": "0"}, None, "00"),
        ({}, None, "01"),
    ],
)
async def test_the_settings_decide_whose_trace_the_log_names(
    upstream: Upstream,
    service_secrets: Path,
    tmp_path: Path,
    settings: dict[str, str],
    trace: str | None,
    flags: str,
) -> None:
    upstream.response = OK
    async with gateway_process(tmp_path, service_secrets, upstream.port, **settings) as gateway:
        await converse(gateway.port, get(b"GET /echo HTTP/1.1", GIVEN), replies=1)
        line = await gateway.logged("request", route="echo")
    sent, _, sent_flags = parent_of(upstream.calls[0])
    assert line["trace_id"] == sent
    assert (sent == trace, sent_flags) == (trace is not None, flags)
