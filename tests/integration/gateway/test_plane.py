"""The revocation plane as the gateway lives it: what it asks in steady state, and what it refuses and when."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from shared.changes.stream import ChangeStreamWriter
from shared.contracts.key_registry import Change, Kind, Revocation
from shared.redis import PipelinedRedis
from tests.support.clock import FakeClock
from tests.support.doubles.registry import COMPANY
from tests.support.harness.gateway import SIGNER, Surroundings, bearer, surroundings
from tests.support.waiting import until

CHECK, JWKS = "/internal/v1/check", "/.well-known/jwks.json"


@pytest.fixture
async def around(tmp_path: Path) -> AsyncIterator[Surroundings]:
    async with surroundings(tmp_path) as around:
        yield around


async def test_in_steady_state_a_jwt_calls_nobody_and_an_api_token_nobody_twice(around: Surroundings) -> None:
    async with around.gateway() as gateway:
        assert await gateway.status("/site", bearer()) == 200
        assert await gateway.status("/sms", around.api_token) == 200
        requested = around.services.calls.copy()
        for number in range(20):
            assert await gateway.status("/site", bearer(f"j{number}")) == 200
            assert await gateway.status("/sms", around.api_token) == 200
        assert around.services.calls - requested == {"/site": 20, "/sms": 20}
        assert requested[CHECK] == 1
        assert around.registry.lookups == 1  # the operator's


async def test_a_gateway_reports_the_longest_bound_of_its_routes_and_its_own_where_that_is_longer(
    around: Surroundings,
) -> None:
    for own, longest in ((5, 600), (1200, 1200)):
        around.registry.positions.clear()
        async with around.gateway(staleness_bound=own):
            await until(lambda: around.registry.positions)
            assert {position.staleness_bound for position in around.registry.positions.values()} == {longest}


async def test_what_was_revoked_is_refused_within_a_second_and_stays_so_over_a_restart(
    around: Surroundings,
) -> None:
    until = time.time() + 3600
    stopped = {
        "jti": bearer("jti"),
        "credential": bearer("a", credential_id="other"),
        "booking": bearer("b", depends_on=["booking", "application"]),
        "key": bearer("c", company_id="other"),
    }
    async with around.gateway() as gateway:
        for headers in stopped.values():
            assert await gateway.status("/site", headers) == 200
        await around.registry.revoke(Revocation(kind="jwt", id="jti", until=until))
        around.registry.set_status("api_client", "other", "revoked")
        around.registry.set_status("booking", "booking", "revoked")
        around.registry.set_status("company", "other", "revoked")
        for headers in stopped.values():
            await gateway.becomes(401, "/site", headers)
        assert await gateway.status("/site", bearer("good")) == 200
    async with around.gateway() as gateway:
        assert {await gateway.status("/site", headers) for headers in stopped.values()} == {401}
        assert await gateway.status("/site", bearer("good")) == 200


async def test_access_log_and_audit_trail_tell_what_is_stopped_and_which_scopes_are_lacking(
    around: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[Mapping[str, Any]] = []
    monkeypatch.setattr("gateway.proxy.report.access", lambda line, own, **_: lines.append({**line, **own}))
    scopes = {"needed_scopes": "site:write", "granted_scopes": "site:read"}
    stopped = {"stopped": {"kind": "jwt", "id": "j1"}}
    async with around.gateway() as gateway:
        assert await gateway.status("/written", bearer("j2", scope="site:read")) == 403
        await around.registry.revoke(Revocation(kind="jwt", id="j1", until=time.time() + 3600))
        await gateway.becomes(401, "/site", bearer("j1"))
    for status, cause, detail in ((403, "insufficient_scope", scopes), (401, "stopped", stopped)):
        [line] = [line for line in lines if line["status"] == status]
        reported = {"company": "blabla", "credential": "pgck_1", "cause": cause, **detail}
        assert {**line, **reported} == line
        [event] = [event for event in around.registry.events if event.detail.get("cause") == cause]
        assert (event.action, event.subject, event.company_id) == ("credential.refused", "pgck_1", COMPANY.id)
        assert {**event.detail, **detail} == event.detail


@pytest.mark.parametrize("kind", ["api_token", "booking", "application", "company"])
async def test_api_token_stops_and_goes_on_with_all_that_it_depends_on(around: Surroundings, kind: Kind) -> None:
    record = around.record
    id_ = {"booking": record.booking_id, "application": record.application_id, "company": COMPANY.id}.get(kind)
    async with around.gateway() as gateway:
        assert await gateway.status("/sms", around.api_token) == 200
        around.registry.set_status(kind, id_ or record.id, "suspended")
        await gateway.becomes(401, "/sms", around.api_token)
        around.registry.set_status(kind, id_ or record.id, "active")
        await gateway.becomes(200, "/sms", around.api_token)


async def test_tokens_of_a_revoked_signing_key_are_refused(around: Surroundings) -> None:
    async with around.gateway() as gateway:
        assert await gateway.status("/site", bearer()) == 200
        await around.registry.revoke(Revocation(kind="signing_key", id=SIGNER.kid, until=time.time() + 3720))
        await gateway.becomes(401, "/site", bearer())
        assert await gateway.status("/site", bearer("new")) == 401


async def test_past_the_bound_it_is_a_503_and_not_ready_but_where_the_route_goes_on(around: Surroundings) -> None:
    clock = FakeClock(time.time())
    async with around.gateway(clock=clock, staleness_bound=5) as gateway:
        assert await gateway.status("/sms", around.api_token) == 200
        around.registry.away = True
        clock.advance(4.9)
        assert await gateway.status("/site", bearer()) == 200
        clock.advance(5)
        await gateway.becomes(503, "/site", bearer(), within=3)
        assert "Retry-After" in (await gateway.get("/site", bearer())).headers
        assert await gateway.status("/sms", around.api_token) == 503
        assert await gateway.status("/patient", bearer()) == 200
        assert "revocations cannot be followed: the registry last responded" in (await gateway.missing())["changes"]
        around.registry.away = False
        await gateway.becomes(200, "/site", bearer(), within=5)
        assert await gateway.missing() == {}


async def test_change_comes_over_the_stream_long_before_the_next_poll(
    around: Surroundings, redis_database: str
) -> None:
    redis = PipelinedRedis(redis_database)
    writer = ChangeStreamWriter(redis)
    async with around.gateway(redis_url=redis_database, changes_poll_interval=30) as gateway:
        assert await gateway.status("/site", bearer()) == 200
        await writer.append([Change(seq=1, kind="jwt", id="j1", status="revoked", at=time.time())])
        await gateway.becomes(401, "/site", bearer())
        assert await gateway.status("/site", bearer("j2")) == 200
        async with asyncio.timeout(5):
            while not (changes := await gateway.changes())["streaming"]:
                await asyncio.sleep(0.05)
        assert changes["position"] == 1
    await redis.stop()


async def test_positions_are_reported_and_the_goodbye_too(around: Surroundings) -> None:
    async with around.gateway():
        around.registry.set_status("company", "elsewhere", "suspended")
        await until(lambda: [p.position for p in around.registry.positions.values()] == [1])
    [position] = around.registry.positions.values()
    assert (position.service, position.leaving) == ("gateway", True)
