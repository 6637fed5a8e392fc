"""What an upstream is told of a caller comes from the gateway alone."""

import pytest

from tests.support.harness.gateway_process import GatewayProcess
from tests.support.http1.client import converse
from tests.support.http1.framing_payloads import get
from tests.support.http1.identity_fields import IDENTITY_FIELDS
from tests.support.http1.upstream import Upstream, UpstreamCall


async def forwarded(gateway: GatewayProcess, upstream: Upstream, *lines: bytes) -> UpstreamCall:
    conversation = await converse(gateway.port, get(b"GET /echo HTTP/1.1", *lines), replies=1)
    assert [reply.status for reply in conversation.replies] == [200]
    return upstream.calls[0]


@pytest.mark.parametrize("line", IDENTITY_FIELDS)
@pytest.mark.parametrize("times", [1, 2])
async def test_what_an_outsider_may_not_say_never_arrives(
    line: bytes, times: int, gateway: GatewayProcess, upstream: Upstream
) -> None:
    call = await forwarded(gateway, upstream, *[line] * times)
    assert b"evil" not in call.raw_head


async def test_connection_takes_away_nothing_that_goes_end_to_end(
    gateway: GatewayProcess, upstream: Upstream
) -> None:
    call = await forwarded(
        gateway,
        upstream,
        b"Connection: close, Authorization, Cookie, X-Api-Token, Content-Type, X-Request-Id, X-Forwarded-For, Host",
        b"Authorization: Basic eA==",
        b"Cookie: a=b",
        b"X-Api-Token: t",
        b"Content-Type: text/plain",
    )
    for name in (
        "Authorization",
        "Cookie",
        "X-Api-Token",
        "Content-Type",
        "X-Request-Id",
        "X-Forwarded-For",
        "Host",
    ):
        assert len(call.values(name)) == 1, name


async def test_an_upstream_learns_where_the_call_came_from(gateway: GatewayProcess, upstream: Upstream) -> None:
    call = await forwarded(gateway, upstream)
    assert call.values("Host") == [f"127.0.0.1:{upstream.port}"]
    assert call.values("X-Forwarded-For") == ["127.0.0.1"]
    assert call.values("X-Forwarded-Host") == ["gateway.example"]
    assert call.values("X-Forwarded-Proto") == ["http"]
    assert len(call.values("X-Request-Id")[0]) == 32


async def test_a_response_names_nothing_of_what_is_behind(gateway: GatewayProcess, upstream: Upstream) -> None:
    upstream.response = (
        b"HTTP/1.1 200 OK\r\nServer: secret/1\r\nX-Powered-By: secret\r\nX-Passgate-Company: secret\r\n"
        b"Connection: X-Hop\r\nX-Hop: secret\r\nProxy-Authenticate: secret\r\nKeep-Alive: secret\r\n"
        b"Set-Cookie: a=b\r\nSet-Cookie: c=d\r\nX-Request-Id: secret\r\nContent-Length: 0\r\n\r\n"
    )
    conversation = await converse(gateway.port, get(), replies=1)
    assert b"secret" not in conversation.raw
    assert conversation.replies[0].values("set-cookie") == ["a=b", "c=d"]
    assert conversation.replies[0].values("x-request-id") == upstream.calls[0].values("x-request-id")
    assert conversation.replies[0].values("server") == []


async def test_a_request_that_comes_round_again_is_refused(gateway: GatewayProcess, upstream: Upstream) -> None:
    via = (await forwarded(gateway, upstream)).values("via")[0].encode()
    upstream.calls.clear()
    conversation = await converse(gateway.port, get(b"GET /echo HTTP/1.1", b"Via: 1.1 other, " + via), replies=1)
    assert [reply.status for reply in conversation.replies] == [400]
    assert upstream.calls == []


@pytest.mark.parametrize(
    "target",
    [
        b"/echo/a?b=c",
        b"/echo/a%20b?c=%7e",
        b"/echo/%E4%B8%AD",
        b"/echo/a?x[]={y}|z",
        b"/echo/?",
    ],
)
async def test_what_was_authorized_is_forwarded_byte_for_byte(
    target: bytes, gateway: GatewayProcess, upstream: Upstream
) -> None:
    await converse(gateway.port, get(b"GET " + target + b" HTTP/1.1"), replies=1)
    assert [call.target.encode() for call in upstream.calls] == [target.removesuffix(b"?")]
