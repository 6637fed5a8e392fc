"""What people expect of the gateway holds with Envoy in its place, by a configuration from the same route file."""

import asyncio
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.local.stack import ROOT
from shared.contracts.key_registry import Revocation
from tests.bench.peers import envoy
from tests.support.harness.front_proxies import lines
from tests.support.harness.gateway import SESSION_TOKEN, SIGNER, SUCCESSOR, bearer
from tests.support.harness.rendered_envoy import BehindEnvoy, rendered_envoy
from tests.support.http1.browser import may_call, may_read, may_see
from tests.support.http1.client import Reply, converse
from tests.support.http1.identity_fields import IDENTITY_FIELDS
from tests.support.http1.upstream import UpstreamCall
from tests.support.http1.websockets import accepting, echo, handshake
from tests.support.waiting import until

REFUSAL_FIELDS = ("content-type", "www-authenticate", "allow", "cache-control")
OTHERS_WRITE = ("x-forwarded-for", "via", "x-request-id", "traceparent", "x-passgate-hops")
"""Another address of this machine for the client; each its own id; loops are the gateway's to notice."""


def upstream_fields(call: UpstreamCall) -> list[tuple[str, str]]:
    return sorted((n.lower(), v) for n, v in call.fields if n.lower() not in OTHERS_WRITE)


def refusal(reply: Reply) -> tuple[int, dict[str, list[str]], bytes]:
    fields = {name: reply.values(name) for name in REFUSAL_FIELDS}
    return reply.status, fields, reply.body.replace(reply.values("X-Request-Id")[0].encode(), b"ID")


@pytest.mark.parametrize(
    "path",
    ["/site", "/site?a=b%20c&d=%7e", "/%73ite", "/v1/7", "/v1/newest", "/open/a%2Db", "/passed", "/shop/items?x=1",
     "/customers/7/orders/3", "/sms", "/either"],
)  # fmt: skip
async def test_the_service_gets_what_it_gets_from_the_gateway(front: BehindEnvoy, path: str) -> None:
    needs = {"/sms": front.around.api_token, "/either": front.around.api_token, "/open/a%2Db": {}}
    given = lines({"Cookie": "a=b", **needs.get(path, bearer("same", scope="a:b"))})
    assert (await front.send(path, *given, own=True)).status == 200
    own = front.call
    assert (await front.send(path, *given)).status == 200
    assert front.call.request_line == own.request_line
    assert upstream_fields(front.call) == upstream_fields(own)


async def test_a_session_token_becomes_its_parameters(front: BehindEnvoy) -> None:
    await front.send(f"/editor?apitoken={SESSION_TOKEN}&file=forged")
    assert front.call.target == "/editor?file=a"


def refused() -> dict[str, tuple[str, str, dict[str, str]]]:
    token = bearer("refused")["Authorization"]
    return {
        "no credential": ("GET", "/site", {}),
        "wrong scheme": ("GET", "/site", {"Authorization": "Basic eDp5"}),
        "bad signature": ("GET", "/site", {"Authorization": token[:-6] + "AAAAAA"}),
        "bad signature in small letters": ("GET", "/site", {"Authorization": "bearer" + token[6:-6] + "AAAAAA"}),
        "junk": ("GET", "/site", {"Authorization": "Bearer junk"}),
        "another key": ("GET", "/site", bearer("x", signer=SUCCESSOR)),
        "expired": ("GET", "/site", bearer("x", exp=int(time.time()) - 100)),
        "another issuer": ("GET", "/site", bearer("x", iss="http://other.example")),
        "another audience": ("GET", "/site", bearer("x", aud="other")),
        "the audience of another route": ("GET", "/other", {"Authorization": token}),
        "scope": ("GET", "/written", {"Authorization": token}),
        "template": ("GET", "/v1/7", {}),
        "half an api token": ("GET", "/sms", {"X-Client-Prefix": "blabla"}),
        "two kinds": ("GET", "/either", {"Authorization": token, "X-Client-Prefix": "blabla"}),
        "no session token": ("GET", "/editor", {}),
        "no route": ("GET", "/nowhere", {}),
        "method": ("DELETE", "/site", {}),
        "reserved": ("GET", "/metrics", {}),
    }


@pytest.mark.parametrize("case", list(refused()))
async def test_a_refusal_is_the_gateways_own(front: BehindEnvoy, case: str) -> None:
    method, path, headers = refused()[case]
    own = await front.send(path, *lines(headers), method=method, own=True)
    reply = await front.send(path, *lines(headers), method=method)
    assert own.status >= 400
    assert refusal(reply) == refusal(own)
    assert front.service.calls == []


async def test_a_bad_token_is_refused_without_the_gateway(front: BehindEnvoy) -> None:
    async def decided() -> int:
        return (await front.gateway.metrics()).count('cause="malformed"')

    before = await decided()
    for _ in range(20):
        assert (await front.send("/site", "Authorization: Bearer a.b.c")).status == 401
    assert await decided() == before


async def test_where_no_token_is_required_a_bad_one_is_nobodys_business(front: BehindEnvoy) -> None:
    for path in ("/open", "/v1/newest"):
        assert (await front.send(path, "Authorization: Bearer junk")).status == 200


async def test_a_route_of_a_host_is_for_that_host(front: BehindEnvoy) -> None:
    assert (await front.send("/site", host="a.example.com")).status == 200
    assert (await front.send("/site", host="A.EXAMPLE.COM.:80")).status == 200
    assert (await front.send("/site", host="example.com")).status == 401


@pytest.mark.parametrize("spelled", [field.decode("latin-1") for field in IDENTITY_FIELDS])
async def test_nothing_that_outsiders_may_not_say_reaches_a_service(front: BehindEnvoy, spelled: str) -> None:
    for credential in ([], lines(bearer("spoofed"))):
        path = "/site" if credential else "/open"
        assert (await front.send(path, *credential, spelled)).status in (200, 400)
        for call in front.service.calls:
            assert b"evil" not in call.raw_head.replace(b"Referer: evil", b"")


@pytest.mark.parametrize(
    "path",
    ["/open/../site", "/open/%2e%2e/site", "//site", "/open//site", "/open/..;/site", "/site%2f", "/open/..%2fsite",
     "/open/..%5csite", "/open/a%252fb", "/site%00", "/open\\..\\site"],
)  # fmt: skip
async def test_a_path_that_servers_read_differently_is_refused(front: BehindEnvoy, path: str) -> None:
    own = await front.send(path, own=True)
    assert refusal(await front.send(path)) == refusal(own)
    assert front.service.calls == []


async def test_nobody_outside_names_the_route_or_the_target(front: BehindEnvoy) -> None:
    spoofed = ["X-Passgate-Route: open", "X-Passgate-Target: /open", "x_passgate_route: open"]
    assert (await front.send("/site", *spoofed)).status == 401
    assert (await front.send("/nowhere", *spoofed)).status == 404
    assert (await front.send("/open", "X-Passgate-Route: site", "X-Passgate-Target: /site")).status == 200
    assert front.call.target == "/open"


async def test_a_revoked_token_is_refused_and_others_go_on(front: BehindEnvoy) -> None:
    given, other = lines(bearer("revoked-here")), lines(bearer("not-revoked"))
    assert (await front.send("/site", *given)).status == 200
    await front.around.registry.revoke(Revocation(kind="jwt", id="revoked-here", until=time.time() + 3600))

    async def is_refused() -> bool:
        return (await front.send("/site", *given)).status == 401

    await until(is_refused)
    assert (await front.send("/site", *other)).status == 200


async def test_bodies_are_bounded_as_the_route_says(front: BehindEnvoy) -> None:
    async def post(path: str, length: int, *fields: str, body: bytes | None = None) -> int:
        fields = fields or (f"Content-Length: {length}",)
        return (await front.send(path, *fields, method="POST", body=b"x" * length if body is None else body)).status

    chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (1500, b"x" * 1500)
    assert await post("/small", 1000) == 200
    assert await post("/small", 1001) == 413
    assert await post("/small", 0, "Transfer-Encoding: chunked", body=chunked) == 413
    assert await post("/open", 0, "Transfer-Encoding: chunked", body=chunked) == 200
    assert await post("/large", 1_500_000) == 200
    assert len(front.call.body) == 1_500_000
    assert await post("/large", 2_000_001, body=b"x") == 413


async def test_an_upstream_that_fails_is_a_problem_of_the_gateways(front: BehindEnvoy) -> None:
    async def leave(_: UpstreamCall, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    async def stay_silent(_: UpstreamCall, reader: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
        await reader.read()

    assert (await front.send("/gone")).status == 503
    front.service.script = leave
    broken = await front.send("/open", "Content-Length: 1", method="POST", body=b"x")
    assert (broken.status, len(front.service.calls)) == (502, 1)
    front.service.script = stay_silent
    late = await front.send("/late")
    assert late.status == 504
    for reply in (broken, late):
        assert reply.values("Content-Type") == ["application/problem+json"]
        assert reply.values("X-Request-Id")


async def test_header_rules_and_locations_are_the_routes(front: BehindEnvoy) -> None:
    own = f"http://127.0.0.1:{front.service.port}"
    fields = f"X-Debug: 1\r\nServer: secret\r\nX-Passgate-Company: evil\r\nX-Powered-By: x\r\nLocation: {own}/new?a"
    front.service.response = f"HTTP/1.1 302 Found\r\n{fields}\r\nContent-Length: 0\r\n\r\n".encode()
    through = {path: await front.send(path) for path in ("/shop/items", "/customers/7/orders/3", "/open/x")}
    shop = through["/shop/items"]
    assert shop.values("X-Own") == ["a"]
    assert shop.values("X-Debug") + shop.values("Server") + shop.values("X-Powered-By") == []
    assert shop.values("X-Passgate-Company") == []
    assert shop.values("Location") == ["http://api.example/shop/new?a"]
    for path, reply in through.items():
        assert reply.values("Location") == (await front.send(path, own=True)).values("Location")


@pytest.mark.parametrize(
    "location", ["/orders/9", "/orders", "/orders?x", "/orderss", "relative", "//elsewhere/orders"]
)
async def test_a_location_leads_where_the_gateways_does(front: BehindEnvoy, location: str) -> None:
    front.service.response = f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()
    own = await front.send("/customers/7/orders/3", own=True)
    assert (await front.send("/customers/7/orders/3")).values("Location") == own.values("Location")


async def test_a_page_of_another_origin_may_call_what_the_route_allows(front: BehindEnvoy) -> None:
    app, stranger = "https://app.example", "https://evil.example"
    wanted = "Access-Control-Request-Method: PUT"
    preflight = await front.send("/pages", f"Origin: {app}", wanted, method="OPTIONS")
    assert may_call(preflight, app, "PUT", "Authorization")
    assert not may_call(
        await front.send("/pages", f"Origin: {stranger}", wanted, method="OPTIONS"), stranger, "PUT"
    )
    assert front.service.calls == []
    front.service.response = (
        b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nX-Total: 1\r\nContent-Length: 0\r\n\r\n"
    )
    reply = await front.send("/pages", f"Origin: {app}", *lines(bearer("page")))
    assert may_read(reply, app)
    assert may_see(reply, "X-Total")
    assert not may_read(await front.send("/pages", f"Origin: {stranger}", *lines(bearer("page"))), stranger)
    assert may_read(await front.send("/pages", f"Origin: {app}"), app)


async def test_a_websocket_is_checked_before_it_is_opened(front: BehindEnvoy) -> None:
    front.service.script = accepting(echo)
    line = "GET /socket HTTP/1.1"
    denied = await converse(front.port, handshake(line=line), replies=1)
    assert denied.replies[0].status == 401
    assert front.service.calls == []
    opened = await converse(front.port, handshake(*lines(bearer("socket")), line=line), b"hello", quiet=1)
    assert opened.raw.startswith(b"HTTP/1.1 101 ")
    assert opened.raw.endswith(b"hello")
    assert front.call.values("X-Passgate-Company") == ["blabla"]


async def test_passgates_own_services_are_reached_through_the_gateway(front: BehindEnvoy) -> None:
    """Only it names the client to them, with a proof."""
    front.around.services.received.clear()
    assert (await front.send("/internal-looking")).status == 200
    [(_, fields)] = front.around.services.received
    assert fields["X-Passgate-Client-Address"]
    assert fields["X-Passgate-Service-Token"]


async def test_what_cannot_be_known_without_the_key_set_is_503(front: BehindEnvoy, tmp_path: Path) -> None:
    routes = front.around.directory / "own.yaml"
    nobody = "http://127.0.0.1:9"
    async with rendered_envoy(tmp_path, routes, front.around, front.gateway, token_issuer=nobody) as port:
        without_keys = replace(front, port=port)
        reply = await without_keys.send("/site", *lines(bearer("unknowable")))
        assert (reply.status, reply.values("Retry-After")) == (503, ["1"])
        assert front.service.calls == []
        assert (await without_keys.send("/site")).status == 401
        assert (await without_keys.send("/open")).status == 200


async def test_without_the_gateway_nobody_gets_in(front: BehindEnvoy, tmp_path: Path) -> None:
    """Not even where no credential is required."""
    routes = front.around.directory / "own.yaml"
    absent = replace(front.gateway, decision_url="http://127.0.0.1:9")
    async with rendered_envoy(tmp_path, routes, front.around, absent) as port:
        for path in ("/open", "/site", "/nowhere"):
            reply = await replace(front, port=port).send(path, *lines(bearer("unasked")))
            assert (reply.status, reply.values("Retry-After")) == (503, ["1"])
        assert front.service.calls == []


def test_envoy_takes_the_configuration_of_the_shipped_routes(tmp_path: Path) -> None:
    program = envoy.binary()
    if program is None:
        pytest.skip("Envoy is not installed: make bench-peers")
    command = [sys.executable, "-m", "gateway", "render-envoy", str(ROOT / "deploy" / "routes.yaml")]
    rendered = tmp_path / "envoy.yaml"
    rendered.write_bytes(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)
    checked = subprocess.run([program, "--mode", "validate", "-c", str(rendered)], capture_output=True, timeout=30)
    assert checked.returncode == 0, checked.stderr


async def test_a_rotated_key_is_taken_up(front: BehindEnvoy) -> None:
    """Within the 10 s for which Envoy keeps the key set, far less than a key is published before it signs."""
    front.around.services.signers = [SIGNER, SUCCESSOR]
    try:
        given = lines(bearer("rotated", signer=SUCCESSOR))

        async def is_accepted() -> bool:
            return (await front.send("/site", *given)).status == 200

        await until(is_accepted)
    finally:
        front.around.services.signers = [SIGNER]
