"""Pages of other origins, as a browser judges the responses that they get."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.routing.cors.policy import Cors
from tests.support.harness.gateway import ROUTES, Gateway, Surroundings, bearer, surroundings
from tests.support.harness.public_server import public_server, upstream_at
from tests.support.http1.browser import may_call, may_read, may_see
from tests.support.http1.client import Reply, converse
from tests.support.http1.upstream import Upstream
from tests.support.http1.websockets import accepting, echo, handshake

APP, STRANGER = "https://app.example.com", "https://evil.example"
PAGES = """
  - name: articles
    path: "/articles/{{id}}"
    methods: [GET, PUT]
    credential: jwt
    scopes: [articles:read]
    upstream: sample
    cors: {{origins: [https://app.example.com, "http://localhost:3000"], expose: [X-Total], credentials: true}}
  - name: messages
    path: /messages
    methods: any
    credential: [api_token, jwt]
    scopes: []
    application: SMS
    upstream: sample
    cors: {{origins: "*", max_age: 60}}
  - {{name: closed, path: /closed, methods: [GET], credential: jwt, scopes: [], upstream: sample}}
"""


@pytest.fixture
async def around(tmp_path: Path) -> AsyncIterator[Surroundings]:
    async with surroundings(tmp_path) as around:
        around.routes = ROUTES.rstrip("\n") + PAGES
        yield around


async def send(gateway: Gateway, line: str, **fields: str) -> Reply:
    lines = [
        f"{line} HTTP/1.1",
        "Host: a",
        *(f"{name.replace('_', '-')}: {value}" for name, value in fields.items()),
    ]
    (reply,) = (await converse(gateway.port, ("\r\n".join(lines) + "\r\n\r\n").encode(), replies=1)).replies
    return reply


async def preflight(gateway: Gateway, path: str, method: str, origin: str = APP, **fields: str) -> Reply:
    return await send(gateway, f"OPTIONS {path}", Origin=origin, Access_Control_Request_Method=method, **fields)


async def test_a_preflight_needs_no_credential_and_no_upstream(around: Surroundings) -> None:
    async with around.gateway() as gateway:
        for origin in (APP, "http://localhost:3000"):
            reply = await preflight(gateway, "/articles/1", "PUT", origin)
            assert (reply.status, reply.body) == (204, b"")
            assert may_call(reply, origin, "PUT", "Authorization", "Content-Type", credentials=True)
            assert not may_call(reply, origin, "DELETE")
            assert not may_call(reply, origin, "GET", "X-Other")
            assert not may_read(reply, STRANGER)
            assert reply.values("vary") == ["Origin"]
            assert reply.values("access-control-max-age") == ["600"]
        assert not around.services.received
        assert 'gateway_request_duration_seconds_count{method="OPTIONS",route="articles"' in await gateway.metrics()


async def test_with_any_method_and_any_origin_each_usual_method_may_be_called(around: Surroundings) -> None:
    async with around.gateway() as gateway:
        reply = await preflight(gateway, "/messages", "DELETE", STRANGER)
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            assert may_call(reply, STRANGER, method, "X-Api-Token", "X-Client-Prefix", "Authorization")
        assert not may_call(reply, STRANGER, "GET", credentials=True)
        assert reply.values("access-control-allow-origin") == ["*"]


@pytest.mark.parametrize(
    "origin",
    [
        STRANGER,
        "null",
        f"{APP}.evil.example",
        "https://APP.example.com",
        "http://app.example.com",
        f"{APP}:8443",
        f"{APP}/",
    ],
)
async def test_an_origin_that_is_not_allowed_learns_only_that(origin: str, around: Surroundings) -> None:
    async with around.gateway() as gateway:
        for reply in (
            await preflight(gateway, "/articles/1", "PUT", origin),
            await send(gateway, "GET /articles/1", Origin=origin),
            await send(gateway, "GET /articles/1", Origin=origin, **bearer(scope="articles:read")),
        ):
            assert not [name for name, _ in reply.fields if name.lower().startswith("access-control-")]
            assert reply.values("vary") == ["Origin"]


@pytest.mark.parametrize(
    ("path", "method"), [("/closed", "GET"), ("/articles/1", "DELETE"), ("/articles/1", "put"), ("/nowhere", "GET")]
)
async def test_a_preflight_for_what_is_not_served_so_is_a_request_like_any_other(
    path: str, method: str, around: Surroundings
) -> None:
    async with around.gateway() as gateway:
        reply = await preflight(gateway, path, method)
        assert reply.status in (404, 405)
        assert not may_read(reply, APP)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer x.y.z"}, 401),
        (bearer(scope="other:read"), 403),
        (bearer(scope="articles:read"), 200),
    ],
)
async def test_a_page_can_read_each_response_also_why_it_is_refused(
    fields: dict[str, str], status: int, around: Surroundings
) -> None:
    async with around.gateway() as gateway:
        reply = await send(gateway, "GET /articles/1", Origin=APP, **fields)
        assert reply.status == status
        assert may_read(reply, APP, credentials=True)
        assert may_see(reply, "X-Total")
        assert reply.values("vary") == ["Origin"]


async def test_nor_do_caches_mistake_a_response_to_nobodys_page(around: Surroundings) -> None:
    async with around.gateway() as gateway:
        reply = await send(gateway, "GET /articles/1", **bearer(scope="articles:read"))
        assert (reply.status, reply.values("vary")) == (200, ["Origin"])
        assert not reply.values("access-control-allow-origin")


ONE = Cors((APP,), ("GET",), ("Authorization",))
FOREIGN = (
    b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nACCESS-CONTROL-ALLOW-CREDENTIALS: true\r\n"
    b"Access-Control-Expose-Headers: X-Secret\r\nVary: Accept-Encoding\r\nContent-Length: 0\r\n\r\n"
)


async def get(port: int, **fields: str) -> Reply:
    lines = ["GET /x HTTP/1.1", "Host: a", *(f"{name}: {value}" for name, value in fields.items())]
    (reply,) = (await converse(port, ("\r\n".join(lines) + "\r\n\r\n").encode(), replies=1)).replies
    return reply


@pytest.mark.parametrize("cors", [ONE, None])
async def test_what_the_upstream_says_counts_only_where_the_route_says_nothing(
    cors: Cors | None, upstream: Upstream
) -> None:
    upstream.response = FOREIGN
    async with public_server(upstream_at(upstream.port), cors=cors) as public:
        replies = [await get(public.port, Origin=APP), await get(public.port, Origin=STRANGER)]
    allowed = [reply.values("access-control-allow-origin") for reply in replies]
    assert allowed == ([["*"], ["*"]] if cors is None else [[APP], []])
    assert {len(reply.values("access-control-expose-headers")) for reply in replies} == {int(cors is None)}
    assert {"Accept-Encoding" in reply.values("vary") for reply in replies} == {True}
    assert upstream.calls[0].values("origin") == [APP]


@pytest.mark.parametrize(
    ("status", "settings"),
    [(502, {}), (504, {"response_timeout": 0.1}), (413, {"max_body": 0})],
)
async def test_a_page_can_read_what_goes_wrong_behind_the_gateway(
    status: int, settings: dict[str, Any], upstream: Upstream
) -> None:
    async def script(_: Any, reader: Any, writer: Any) -> None:
        if status == 504:
            await reader.read()
        writer.write(b"nothing that could be read\r\n\r\n")

    upstream.script = script
    async with public_server(upstream_at(upstream.port), cors=ONE, **settings) as public:
        fields = {"Content-Length": "5"} if status == 413 else {}
        reply = await get(public.port, Origin=APP, **fields)
    assert reply.status == status
    assert may_read(reply, APP)


@pytest.mark.parametrize(("origin", "status"), [(APP, 101), (None, 101), (STRANGER, 403), ("null", 403)])
async def test_a_websocket_is_not_for_pages_of_other_origins_either(
    origin: str | None, status: int, upstream: Upstream
) -> None:
    """Browsers leave that to the server: no preflight comes before it (RFC 6455 section 10.2)."""
    upstream.script = accepting(echo)
    async with public_server(upstream_at(upstream.port), cors=ONE, websocket=True) as public:
        conversation = await converse(public.port, handshake(origin=origin), quiet=0.3)
    assert int(conversation.raw.split()[1]) == status
    assert len(upstream.calls) == (status == 101)
