"""What the gateway refuses, each proxy refuses in its words; and nobody gets in without a decision."""

import json
import time
from pathlib import Path

import pytest
from yarl import URL

from shared.contracts.key_registry import Revocation
from shared.opaque import API_TOKEN, mint
from tests.integration.deploy.proxies.conftest import require
from tests.support.harness.front_proxies import FRONT_PROXIES, BehindProxy, front_proxy, lines
from tests.support.harness.gateway import Surroundings, bearer
from tests.support.http1.client import Reply, converse
from tests.support.http1.upstream import Upstream
from tests.support.waiting import until

REFUSAL_FIELDS = ("content-type", "www-authenticate", "allow", "retry-after", "cache-control")


def refusals() -> dict[str, tuple[str, str, dict[str, str]]]:
    token = bearer("refused")["Authorization"]
    return {
        "no credential": ("GET", "/site", {}),
        "wrong scheme": ("GET", "/site", {"Authorization": "Basic eDp5"}),
        "bad signature": ("GET", "/site", {"Authorization": token[:-6] + "AAAAAA"}),
        "scope": ("GET", "/written", {"Authorization": token}),
        "half an api token": ("GET", "/sms", {"X-Client-Prefix": "blabla"}),
        "unknown api token": ("GET", "/sms", {"X-Api-Token": "x", "X-Client-Prefix": "blabla"}),
        "no route": ("GET", "/nowhere", {}),
        "reserved": ("GET", "/metrics", {}),
        "method": ("DELETE", "/site", {}),
        "semicolon": ("GET", "/open;a", {}),
    }


@pytest.mark.parametrize("case", list(refusals()))
async def test_a_refusal_is_the_gateways_own(proxy: BehindProxy, case: str) -> None:
    method, path, headers = refusals()[case]
    own = await proxy.send(path, *lines(headers), method=method, own=True)
    reply = await proxy.send(path, *lines(headers), method=method)
    assert proxy.service.calls == []
    assert compared(reply) == compared(own)


def compared(reply: Reply) -> tuple[int, dict[str, list[str]], bytes]:
    fields = {name: reply.values(name) for name in REFUSAL_FIELDS}
    return reply.status, fields, reply.body.replace(reply.values("X-Request-Id")[0].encode(), b"ID")


async def test_what_cannot_be_known_is_503_with_a_time_to_try_again(proxy: BehindProxy) -> None:
    never_seen = lines({"X-Api-Token": mint(API_TOKEN), "X-Client-Prefix": "blabla"})
    proxy.around.registry.away = True
    try:
        own = await proxy.send("/sms", *never_seen, own=True)
        reply = await proxy.send("/sms", *never_seen)
    finally:
        proxy.around.registry.away = False
    assert proxy.service.calls == []
    assert reply.status == 503
    assert reply.values("Retry-After")
    assert compared(reply)[:2] == compared(own)[:2]
    said, expected = json.loads(reply.body), json.loads(own.body)
    for varying in ("type", "request_id"):  # a proxy whose own 503 it is does not know where the pages are
        assert said.pop(varying)
        del expected[varying]
    assert said == expected


async def test_a_response_of_the_service_is_passed_on_whatever_its_status(proxy: BehindProxy) -> None:
    for status in (401, 403, 500):
        proxy.service.response = b"HTTP/1.1 %d x\r\nContent-Length: 4\r\n\r\nown!" % status
        head = b"GET /open HTTP/1.1\r\nHost: api.example\r\n\r\n"
        proxy.service.calls.clear()
        reply = (await converse(proxy.port, head, replies=1)).replies[0]
        assert (reply.status, reply.body) == (status, b"own!")


async def test_a_revoked_credential_is_refused_through_the_proxy(proxy: BehindProxy) -> None:
    given = lines(bearer(f"revoked-{proxy.name}"))
    assert (await proxy.send("/site", *given)).status == 200
    await revoke(proxy.around, f"revoked-{proxy.name}")

    async def is_refused() -> bool:
        return (await proxy.send("/site", *given)).status == 401

    await until(is_refused)


async def revoke(around: Surroundings, jti: str) -> None:
    await around.registry.revoke(Revocation(kind="jwt", id=jti, until=time.time() + 3600))


@pytest.mark.parametrize("name", FRONT_PROXIES)
async def test_without_decisions_nobody_gets_in(
    name: str, around: Surroundings, routes_file: Path, service: Upstream, tmp_path: Path
) -> None:
    require(name)
    given = {"decision_port": 0, "trusted_proxies": "127.0.0.1/32", "routes_file": routes_file}
    async with around.gateway(clock=None, **given) as gateway:
        decisions = URL(gateway.decision_url).port
        assert decisions is not None
        running = front_proxy(name, tmp_path, decisions=decisions, service=service.port)
        port = await running.__aenter__()
    try:
        service.reset()
        for path in ("/open", "/site"):
            head = f"GET {path} HTTP/1.1\r\nHost: api.example\r\n\r\n"
            reply = (await converse(port, head.encode(), replies=1, quiet=20)).replies[0]
            assert reply.status in (500, 502, 503)
        assert service.calls == []
    finally:
        await running.__aexit__(None, None, None)
