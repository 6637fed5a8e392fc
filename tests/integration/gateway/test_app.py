"""The gateway as `app.py` puts it together: every consumer, cache, check and setting is seen to work in the app."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from shared.contracts.key_registry import Revocation
from shared.contracts.session_tokens import RESOLVE_TOGETHER, SessionTokensClient
from shared.http.client_address import CLIENT_ADDRESS_FIELD, CLIENT_ADDRESS_PROOF_FIELD
from tests.support.harness.gateway import (
    SESSION_TOKEN,
    SIGNER,
    SUCCESSOR,
    Surroundings,
    bearer,
    surroundings,
)
from tests.support.waiting import until


@pytest.fixture
async def around(tmp_path: Path) -> AsyncIterator[Surroundings]:
    async with surroundings(tmp_path) as around:
        yield around


async def test_the_successor_of_a_revoked_signing_key_is_fetched_though_unknown_kids_have_used_up_the_fetches(
    around: Surroundings,
) -> None:
    async with around.gateway() as gateway:
        assert await gateway.status("/site", bearer()) == 200
        assert await gateway.status("/site", bearer(signer=SUCCESSOR)) == 401  # asks for its kid, in vain
        around.services.signers = [SUCCESSOR]
        assert await gateway.status("/site", bearer("j2", signer=SUCCESSOR)) == 401
        await around.registry.revoke(Revocation(kind="signing_key", id=SIGNER.kid, until=time.time() + 3720))
        await gateway.becomes(200, "/site", bearer("j3", signer=SUCCESSOR), within=5)
        assert await gateway.status("/site", bearer("j4")) == 401


async def test_the_keys_are_fetched_again_until_a_successor_that_comes_later_is_there(around: Surroundings) -> None:
    async with around.gateway() as gateway:
        await around.registry.revoke(Revocation(kind="signing_key", id=SIGNER.kid, until=time.time() + 3720))
        await gateway.becomes(401, "/site", bearer())
        around.services.signers = [SUCCESSOR]
        await gateway.becomes(200, "/site", bearer(signer=SUCCESSOR), within=5)


async def test_a_shortened_expiry_of_an_api_token_holds_within_a_second(around: Surroundings) -> None:
    async with around.gateway() as gateway:
        assert await gateway.status("/sms", around.api_token) == 200
        around.registry.change_api_token(around.record.id, expires_at=time.time() - 1)
        await gateway.becomes(401, "/sms", around.api_token)


async def test_a_cached_api_token_ends_at_its_expiry_without_any_change(around: Surroundings) -> None:
    async with around.gateway() as gateway:
        assert await gateway.status("/sms", around.api_token) == 200
        expires_at = time.time() + 0.5
        around.registry.change_api_token(around.record.id, expires_at=expires_at)
        await gateway.becomes(401, "/sms", around.api_token, within=5)
        assert time.time() >= expires_at


async def test_what_is_known_is_measured(around: Surroundings) -> None:
    async with around.gateway() as gateway:
        first, second = bearer("j1"), bearer("j2")  # made once: a second later they are other tokens
        for token in (first, second):
            assert await gateway.status("/site", token) == 200
        await around.registry.revoke(Revocation(kind="jwt", id="j1", until=time.time() + 3600))
        await gateway.becomes(401, "/site", first)
        metrics = await gateway.metrics()
    assert "gateway_verified_tokens 2.0" in metrics
    assert "gateway_stopped_objects 1.0" in metrics
    assert "gateway_route_file_valid 1.0" in metrics
    assert 'gateway_refusals_total{cause="stopped",route="site"}' in metrics


async def test_calls_past_the_staleness_bound_are_counted(around: Surroundings) -> None:
    async with around.gateway(staleness_bound=0.4) as gateway:
        around.registry.away = True
        await gateway.becomes(503, "/site", bearer(), within=5)
        assert await gateway.status("/patient", bearer()) == 200
        assert 'gateway_stale_admissions_total{route="patient"} 1.0' in await gateway.metrics()


async def test_the_audience_and_the_issuer_are_those_of_the_settings(around: Surroundings) -> None:
    async with around.gateway(audience="other", issuer="http://other.example") as gateway:
        assert await gateway.status("/site", bearer(iss="http://other.example", aud="other")) == 200
        assert await gateway.status("/site", bearer("j2", iss="http://other.example")) == 401
        assert await gateway.status("/site", bearer("j3", aud="other")) == 401


async def test_a_session_token_is_resolved_and_head_uses_it_up_no_more(around: Surroundings) -> None:
    token = {"x-api-token": SESSION_TOKEN}
    around.services.uses_counted = True
    async with around.gateway() as gateway:
        async with gateway.http.head(f"{gateway.url}/editor", headers=token) as response:
            assert response.status == 200
        assert not around.services.resolved
        assert await gateway.status("/editor", token) == 200
        assert around.services.calls[RESOLVE_TOGETHER] == 2
    assert around.services.resolved == [{"token": SESSION_TOKEN}]
    assert [method for method, _ in around.services.received] == ["HEAD", "GET"]


async def test_what_asks_about_session_tokens_ends_with_the_gateway(
    around: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened = []

    async def hang(*_: object) -> None:
        happened.append("asked")
        try:
            await asyncio.Event().wait()
        finally:
            happened.append("ended")

    monkeypatch.setattr(SessionTokensClient, "resolve_together", hang)
    async with around.gateway() as gateway:
        call = asyncio.create_task(gateway.status("/editor", {"x-api-token": SESSION_TOKEN}))
        await until(lambda: happened)
        call.cancel()
    assert happened == ["asked", "ended"]


@pytest.mark.parametrize(
    ("trusted", "client"), [("127.0.0.0/8", "203.0.113.7"), ("192.0.2.0/24", "127.0.0.1"), ("", "127.0.0.1")]
)
async def test_the_client_is_the_same_in_the_log_the_audit_trail_and_at_an_upstream(
    trusted: str, client: str, around: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[Mapping[str, Any]] = []
    monkeypatch.setattr("gateway.proxy.report.access", lambda line, own, **_: lines.append({**line, **own}))
    forwarded = {"X-Forwarded-For": "198.51.100.7, 203.0.113.7:51234"}
    async with around.gateway(trusted_proxies=trusted) as gateway:
        assert await gateway.status("/open", forwarded) == 200
        assert await gateway.status("/written", {**bearer(), **forwarded}) == 403
    _, fields = around.services.received[0]
    assert fields["X-Forwarded-For"].split(", ")[0] == client
    assert fields[CLIENT_ADDRESS_FIELD] == client  # the services are on the port of the resource here
    assert CLIENT_ADDRESS_PROOF_FIELD in fields
    assert {line["client"] for line in lines} == {client}
    await until(lambda: any(event.action == "credential.refused" for event in around.registry.events))
    [event] = [event for event in around.registry.events if event.action == "credential.refused"]
    proxy = {"proxy": "127.0.0.1"} if client != "127.0.0.1" else {}
    assert {name: event.detail[name] for name in ("client", *proxy)} == {"client": client, **proxy}


async def test_health_names_each_dependency_once(around: Surroundings) -> None:
    async with around.gateway() as gateway, gateway.http.get(f"{gateway.ops_url}/health") as response:
        names = json.loads(await response.text())["dependencies"].keys()
    expected = {"changes", "issuer_keys", "route_file", "key_registry", "token_issuer", "session_tokens"}
    assert names >= expected
