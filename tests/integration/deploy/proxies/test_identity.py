"""A service behind another proxy learns who calls from Passgate alone, and exactly as from the gateway."""

import json
import re

import pytest

from deploy.local.stack import ROOT
from gateway.credentials.identity import Identity
from tests.support.harness.front_proxies import FILES, BehindProxy, lines
from tests.support.harness.gateway import SESSION_TOKEN, bearer
from tests.support.http1.client import converse
from tests.support.http1.identity_fields import IDENTITY_FIELDS
from tests.support.http1.upstream import UpstreamCall
from tests.support.waiting import until


def identity(call: UpstreamCall) -> list[tuple[str, str]]:
    return sorted((n.lower(), v) for n, v in call.fields if n.lower().startswith("x-passgate"))


@pytest.mark.parametrize("path", ["/site", "/site?a=b%20c&d=%7e", "/sms", "/open/a%20b", "/open"])
async def test_the_service_learns_who_calls_as_from_the_gateway(proxy: BehindProxy, path: str) -> None:
    credentials = {"/site": bearer("identity", scope="a:b c:d"), "/sms": proxy.around.api_token}
    given = lines(credentials.get(path.partition("?")[0], {}))
    assert (await proxy.send(path, *given, own=True)).status == 200
    own = proxy.call
    assert (await proxy.send(path, *given)).status == 200
    expected = [f for f in identity(own) if f[1]] if proxy.forced.no_empty_fields else identity(own)
    assert identity(proxy.call) == expected
    assert proxy.call.target == own.target
    assert len(proxy.call.values("X-Request-Id")) == 1


async def test_the_credential_stays_with_the_proxy(proxy: BehindProxy) -> None:
    await proxy.send("/site", *lines(bearer("kept")))
    assert proxy.call.values("Authorization") == []
    await proxy.send("/sms", *lines(proxy.around.api_token))
    assert proxy.call.values("X-Api-Token") + proxy.call.values("X-Client-Prefix") == []


async def test_a_session_token_becomes_its_parameters_or_is_refused(proxy: BehindProxy) -> None:
    reply = await proxy.send(f"/editor?apitoken={SESSION_TOKEN}&file=forged")
    if proxy.forced.rewrites:
        assert (reply.status, proxy.call.target) == (200, "/editor?file=a")
    else:
        assert (reply.status, json.loads(reply.body)["code"], proxy.service.calls) == (403, "not_rewritten", [])


@pytest.mark.parametrize("spelled", [f.decode() for f in IDENTITY_FIELDS if b"assgate" in f.lower()])
@pytest.mark.parametrize("path", ["/open", "/site"])
async def test_nobody_outside_says_who_calls(proxy: BehindProxy, path: str, spelled: str) -> None:
    """On a route without a credential too, where there is no identity that would take the forged one's place."""
    if proxy.name in ("nginx", "traefik") and spelled.partition(":")[0] in ("X-Passgate-Anything", "X-Passgate"):
        pytest.skip("it removes fields by their names alone, and nobody reads this one")
    credential = lines(bearer("spoofed")) if path == "/site" else []
    reply = await proxy.send(path, *credential, spelled)
    assert reply.status in (200, 400)
    for call in proxy.service.calls:
        assert b"evil" not in call.raw_head


async def test_connection_takes_no_identity_away(proxy: BehindProxy) -> None:
    named = "Connection: X-Passgate-Company, X-Passgate-Subject, X-Forwarded-For, X-Forwarded-Uri, X-Original-URI"
    assert (await proxy.send("/site", *lines(bearer("hop")), named)).status in (200, 400)
    for call in proxy.service.calls:
        assert call.values("X-Passgate-Company") == ["blabla"]
        assert not any("passgate" in value.lower() for value in call.values("Connection"))


@pytest.mark.parametrize(
    "spoofed",
    [
        ["X-Original-URI: /open", "X-Original-Method: GET"],
        ["X-Forwarded-Uri: /open", "X-Forwarded-Method: GET"],
        [
            "X-Forwarded-Uri: /open",
            "X-Original-URI: /open",
            "X-Forwarded-Host: other",
            "X-HTTP-Method-Override: GET",
        ],
        ["X-Rewrite-Url: /open", "X-Original-Url: /open", "X-Envoy-Original-Path: /open"],
        ["X-Passgate-Target: /open", "X-Passgate-Problem: x"],
        ["Connection: X-Forwarded-Uri, X-Forwarded-Method, X-Original-URI", "X-Forwarded-Uri: /open"],
        ["X_Forwarded_Uri: /open", "X_Original_URI: /open"],
    ],
)
async def test_nobody_outside_says_which_request_it_is(proxy: BehindProxy, spoofed: list[str]) -> None:
    reply = await proxy.send("/site", *spoofed)
    assert reply.status in (400, 401)
    assert proxy.service.calls == []


@pytest.mark.parametrize("host", ["shut.example,open.example", "open.example,shut.example", '"open.example"'])
async def test_a_host_that_is_none_reaches_no_service(proxy: BehindProxy, host: str) -> None:
    proxy.service.reset()
    payload = f"GET /open HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    [reply] = (await converse(proxy.port, payload, replies=1)).replies
    assert reply.status == 400
    assert proxy.service.calls == []


async def test_the_address_that_a_client_claims_is_not_believed(proxy: BehindProxy) -> None:
    claimed = ["X-Forwarded-For: 198.51.100.7", "Forwarded: for=198.51.100.7", "X-Real-IP: 198.51.100.7"]
    seen = len(proxy.around.registry.events)
    await proxy.send("/written", *lines(bearer(f"claimed-{proxy.name}")), *claimed)
    events = proxy.around.registry.events
    await until(lambda: len(events) > seen)
    assert events[-1].detail["client"] != "198.51.100.7"


def own_names() -> set[str]:
    """Every name of ours that is a field's, wherever the product says it."""
    source = "".join(p.read_text() for folder in ("gateway", "shared") for p in (ROOT / folder).rglob("*.py"))
    return set(re.findall(r"X-Passgate-(?:[A-Z][a-z]+-?)+(?<!-)", source)) - {"X-Passgate-Credential-Expires"}


@pytest.mark.parametrize("file", ["nginx.conf", "traefik-routes.yaml"])
def test_a_proxy_that_removes_fields_by_their_names_knows_each_of_ours(file: str) -> None:
    """One that it does not know would be left to the client."""
    text = (FILES / file).read_text(encoding="utf-8")
    assert "X-Passgate-Issuer" in own_names()
    assert {name for name in own_names() if not re.search(rf"{name}\b(?!-)", text)} == set()


@pytest.mark.parametrize("file", ["nginx.conf", "traefik-routes.yaml", "Caddyfile"])
def test_a_proxy_that_copies_fields_by_their_names_knows_all_of_an_identity(file: str) -> None:
    text = (FILES / file).read_text(encoding="utf-8")
    lines = Identity("", "", "", "", "", issuer="corp").lines.split("\r\n")
    assert {
        line.partition(":")[0] for line in lines if not re.search(rf"{line.partition(':')[0]}\b(?!-)", text)
    } == set()
