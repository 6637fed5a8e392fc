"""What a route changes about its calls, over sockets: path, host, header fields, and where a response leads."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from gateway.routing.credential_kinds import CredentialKind
from gateway.routing.route_file import parse_route_file
from gateway.routing.table import Route, RouteTable
from gateway.routing.upstream_address import OwnPorts
from tests.support.harness.public_server import Public, public_server, upstream_at
from tests.support.http1.client import Reply, converse
from tests.support.http1.framing_payloads import get
from tests.support.http1.upstream import Upstream

ROUTES = """
upstreams:
  a: {{url: "http://127.0.0.1:{port}"}}
routes:
  - name: stripped
    prefix: /svc
    methods: any
    credential: none
    upstream: a
    strip_prefix: true
    encoded_slashes: true
    request_headers:
      set: {{X-Api-Version: "2", authorization: "Basic ${{SECRET}}"}}
      remove: [Cookie, X-Debug]
    response_headers:
      set: {{Strict-Transport-Security: max-age=60, Cache-Control: no-store}}
      remove: [X-Inner]
  - name: hosted
    host: "*.tenants.test"
    prefix: "/t/{{tenant}}"
    methods: any
    credential: none
    upstream: a
    rewrite_prefix: /inner
    preserve_host: true
  - {{name: purge, path: "/things:purge", methods: any, credential: session_token, upstream: a}}
  - {{name: all, prefix: /, methods: any, credential: none, upstream: a}}
"""


@asynccontextmanager
async def gateway(upstream: Upstream) -> AsyncIterator[Public]:
    own = OwnPorts("gateway.example", frozenset())
    table = parse_route_file(
        ROUTES.format(port=upstream.port), "routes", environment={"SECRET": "c2VjcmV0"}, own=own
    )
    async with public_server(upstream_at(upstream.port), routes=lambda: table) as public:
        yield public


async def call(public: Public, line: bytes, *lines: bytes, host: bytes = b"api.example.com") -> Reply:
    payload = b"\r\n".join((line, b"Host: " + host, *lines, b"", b""))
    [reply] = (await converse(public.port, payload, replies=1)).replies
    return reply


async def test_a_prefix_is_left_out_or_rewritten(upstream: Upstream) -> None:
    async with gateway(upstream) as public:
        for line, host in (
            (b"GET /svc/a/b?c=/svc HTTP/1.1", b"a.test"),
            (b"GET /svc HTTP/1.1", b"a.test"),
            (b"GET /svc/a%2fb HTTP/1.1", b"a.test"),
            (b"GET /t/blabla/x HTTP/1.1", b"one.tenants.test"),
            (b"GET /t/blabla/x HTTP/1.1", b"tenants.test"),
        ):
            assert (await call(public, line, host=host)).status == 200
    assert [seen.target for seen in upstream.calls] == ["/a/b?c=/svc", "/", "/a%2Fb", "/inner/x", "/t/blabla/x"]


async def test_a_host_goes_on_where_the_route_says_so(upstream: Upstream) -> None:
    async with gateway(upstream) as public:
        await call(public, b"GET /t/a/x HTTP/1.1", host=b"One.tenants.test:8080")
        await call(public, b"GET /t/a/x HTTP/1.1")
    assert [seen.values("host") for seen in upstream.calls] == [
        ["One.tenants.test:8080"],
        [f"127.0.0.1:{upstream.port}"],
    ]


async def test_a_client_that_names_no_host_is_for_the_routes_without_one(upstream: Upstream) -> None:
    async with gateway(upstream) as public:
        [reply] = (await converse(public.port, b"GET /t/a/x HTTP/1.0\r\n\r\n", replies=1)).replies
        [named] = (
            await converse(public.port, b"GET http://a.tenants.test/t/a/x HTTP/1.0\r\n\r\n", replies=1)
        ).replies
    assert (reply.status, named.status) == (200, 200)
    assert [seen.target for seen in upstream.calls] == ["/t/a/x", "/inner/x"]
    assert upstream.calls[1].values("host") == ["a.tenants.test"]


async def test_header_fields_of_a_request_are_set_and_removed(upstream: Upstream) -> None:
    lines = (
        b"Authorization: Bearer x",
        b"Cookie: a=b",
        b"cookie: c=d",
        b"X-Debug: 1",
        b"x-api-version: 1",
        b"X_Api_Version: 1",
        b"X-Other: kept",
    )
    async with gateway(upstream) as public:
        for _ in range(2):  # read for the first time, and known
            assert (await call(public, b"GET /svc/a HTTP/1.1", *lines)).status == 200
        assert (await call(public, b"GET /a HTTP/1.1", *lines)).status == 200
    for seen in upstream.calls[:2]:
        assert seen.values("x-api-version") == ["2"]
        assert seen.values("authorization") == ["Basic c2VjcmV0"]
        assert seen.values("cookie") + seen.values("x-debug") + seen.values("x_api_version") == []
        assert seen.values("x-other") == ["kept"]
    assert upstream.calls[2].values("cookie") == ["a=b", "c=d"]
    assert upstream.calls[2].values("x-api-version") == ["1"]


async def test_header_fields_of_a_response_are_set_and_removed(upstream: Upstream) -> None:
    upstream.response = (
        b"HTTP/1.1 200 OK\r\ncache-control: public\r\nX-Inner: 10.0.0.1\r\n"
        b"Connection: Strict-Transport-Security\r\nSet-Cookie: a=b\r\nContent-Length: 2\r\n\r\nok"
    )
    async with gateway(upstream) as public:
        for _ in range(2):
            reply = await call(public, b"GET /svc/a HTTP/1.1")
            assert reply.values("strict-transport-security") == ["max-age=60"]
            assert reply.values("cache-control") == ["no-store"]
            assert reply.values("x-inner") == []
            assert reply.values("set-cookie") == ["a=b"]
            assert (reply.body, reply.whole) == (b"ok", True)
        other = await call(public, b"GET /a HTTP/1.1")
    assert other.values("cache-control") == ["public"]
    assert other.values("x-inner") == ["10.0.0.1"]


@pytest.mark.parametrize(
    ("line", "location", "outer"),
    [
        ("GET /svc/a HTTP/1.1", "/b", "/svc/b"),
        ("GET /svc/a HTTP/1.1", "http://127.0.0.1:{port}/b?c", "http://api.example.com/svc/b?c"),
        ("GET /a HTTP/1.1", "http://127.0.0.1:{port}/b", "http://api.example.com/b"),
        ("GET /a HTTP/1.1", "/b", "/b"),
        ("GET /a HTTP/1.1", "https://elsewhere.test/b", "https://elsewhere.test/b"),
    ],
)
async def test_a_redirect_leads_to_what_the_client_can_call(
    line: str, location: str, outer: str, upstream: Upstream
) -> None:
    named = location.format(port=upstream.port)
    upstream.response = f"HTTP/1.1 302 Found\r\nLocation: {named}\r\nContent-Length: 0\r\n\r\n".encode()
    async with gateway(upstream) as public:
        for _ in range(2):
            reply = await call(public, line.encode())
            assert (reply.status, reply.values("location")) == (302, [outer])


async def test_a_path_that_another_route_has_in_another_reading_is_refused_and_not_forwarded(
    upstream: Upstream,
) -> None:
    async with gateway(upstream) as public:
        for target in (
            b"/svc%2fa",
            b"/svc/..%2fa",
            b"/svc/a;b",
            b"/a%2fb",
            b"/svc/internal%2fv1",
            b"/things%3apurge",
        ):
            conversation = await converse(public.port, get(b"GET %b HTTP/1.1" % target), replies=1)
            assert conversation.replies[0].status in (400, 404), target
    assert upstream.calls == []


async def test_a_loop_is_recognized_where_via_is_left_out(upstream: Upstream) -> None:
    async with public_server(upstream_at(upstream.port), via=False) as public:
        assert (await call(public, b"GET /a HTTP/1.1", b"Via: 1.1 nginx")).status == 200
        assert upstream.calls[0].values("via") == []
        [hops] = upstream.calls[0].values("x-passgate-hops")
        again = await call(public, b"GET /a HTTP/1.1", b"X-Passgate-Hops: " + hops.encode())
    assert again.status == 400
    assert b"loop_detected" in again.body
    assert len(upstream.calls) == 1


async def test_two_gateways_that_forward_to_each_other_end_the_loop_though_neither_names_itself_in_via() -> None:
    ports = [1, 1]  # until they are known

    def to_the_other(number: int) -> RouteTable:
        other = upstream_at(ports[1 - number])
        return RouteTable([Route("all", "/", other, CredentialKind.NONE, prefix=True, via=False)])

    placeholder = upstream_at(1)
    async with (
        public_server(placeholder, routes=lambda: to_the_other(0)) as one,
        public_server(placeholder, routes=lambda: to_the_other(1), via_name="1.1 passgate-other") as other,
    ):
        ports[:] = one.port, other.port
        reply = await call(one, b"GET /a HTTP/1.1")
        assert (reply.status, b"loop_detected" in reply.body) == (400, True)
        assert [public.metric("gateway_refusals_total", route="all", cause="loop") for public in (one, other)] == [
            1,
            0,
        ]


async def test_a_connection_is_kept_for_as_long_as_the_setting_says(upstream: Upstream) -> None:
    async with public_server(upstream_at(upstream.port), keepalive_timeout=0.3) as public:
        conversation = await converse(public.port, get(), quiet=20)
    assert [reply.status for reply in conversation.replies] == [200]
    assert conversation.closed
