"""Whatever `app.py` puts together is seen to work in the application, and not only by itself."""

import functools
import json
import time

import pytest

from services.session_tokens.storage.redis import OUTBOX
from shared.contracts.session_tokens import RESOLVE
from shared.redis import PipelinedRedis
from tests.support.clock import FakeClock
from tests.support.doubles.registry import COMPANY
from tests.support.harness.access_log import recorded_access_lines
from tests.support.harness.session_tokens import Service, Stack
from tests.support.waiting import becomes, until

CLIENT = "198.51.100.7"


async def test_the_registry_hears_how_far_this_service_is_and_that_it_leaves(stack: Stack) -> None:
    async with stack.copy():
        stack.registry.set_status("company", "another", "suspended")
        await until(lambda: [position.position for position in stack.registry.positions.values()] == [1])
    [last] = stack.registry.positions.values()
    assert (last.service, last.position, last.leaving) == ("session_tokens", 1, True)


async def test_staleness_goes_by_the_clock_of_the_app(stack: Stack) -> None:
    clock = FakeClock(time.time())
    async with stack.copy(clock=clock, staleness_bound=5) as service:
        token = await service.generate()
        stack.registry.away = True
        clock.advance(4)
        assert await service.status_of(token) == 200
        clock.advance(2)
        assert await service.status_of(token) == 503
        stack.registry.away = False
        await becomes(200, functools.partial(service.status_of, token))


async def test_the_gateways_calls_are_judged_by_the_clock_of_the_app(stack: Stack) -> None:
    clock = FakeClock(time.time())
    async with stack.copy(clock=clock) as service:
        token = await service.generate()
        body = f'{{"token":"{token}"}}'.encode()
        authorization = stack.keys.identity("gateway").authorization_for("session_tokens")()
        response, _ = await service.call("POST", RESOLVE, data=body, authorization=authorization)
        assert response.status == 200
        clock.advance(600)
        response, _ = await service.call("POST", RESOLVE, data=body, authorization=authorization)
        assert response.status == 401


@pytest.mark.parametrize("callee", ["token_issuer", "key_registry", "operator_validator"])
async def test_a_token_for_another_service_opens_nothing_here(service: Service, callee: str) -> None:
    authorization = service.stack.keys.identity("gateway").authorization_for(callee)()
    response, _ = await service.call("POST", RESOLVE, data=b'{"token":"x"}', authorization=authorization)
    assert response.status == 401


async def test_the_gateway_alone_names_the_address_of_the_client(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = recorded_access_lines(monkeypatch)
    proven = functools.partial(service.stack.keys.proven_address, CLIENT)
    for rid, fields in {
        "request-by-gateway": proven(callee="session_tokens"),
        "request-by-another": proven(callee="session_tokens", by="sample_resources"),
        "request-elsewhere-": proven(callee="token_issuer"),
        "request-forwarded-": {"X-Forwarded-For": CLIENT},
    }.items():
        sent = {**fields, "X-Api-Token": "x", "X-Request-Id": rid}
        async with service.stack.http.get(f"{service.url}/verify", headers=sent) as response:
            assert response.status == 403
    assert lines["request-by-gateway"]["client"] == CLIENT
    for rid in ("request-by-another", "request-elsewhere-", "request-forwarded-"):
        assert lines[rid]["client"] == "127.0.0.1"


async def test_all_parts_are_measured(service: Service) -> None:
    token = await service.generate()
    assert (await service.verify(token))[0] == 200
    await service.verify("x")
    _, metrics = await service.call("GET", "/metrics")
    for sample in (
        b"session_tokens_created_total 1.0",
        b"session_tokens_resolved_total 1.0",
        b"change_position 0.0",
        b"change_feed_age_seconds ",
        b"change_propagation_seconds_count 0.0",
    ):
        assert sample in metrics
    assert b'session_tokens_refused_total{cause="' in metrics


@pytest.mark.parametrize("parameter", ["maxmemory", "min-replicas-to-write"])
async def test_health_says_when_valkey_takes_no_writes_and_what_is_stored_is_still_served(
    service: Service, parameter: str
) -> None:
    token = await service.generate()
    assert await _health(service) == ("ok", "up")
    valkey = PipelinedRedis(service.stack.redis_url, timeout=10)
    await valkey.execute("CONFIG SET", parameter, 1)
    try:
        response, _ = await service.call("POST", "/generate", data=b"{}", x_api_key=service.stack.access_key)
        assert response.status == 503
        assert await _health(service) == ("degraded", "down")
        assert await service.status_of(token) == 200
    finally:
        await valkey.execute("CONFIG SET", parameter, 0)
        await valkey.stop()
    assert await _health(service) == ("ok", "up")


@pytest.mark.parametrize("command", ["SET {} x", "XADD {} 18446744073709551615-18446744073709551615 a b"])
async def test_health_says_when_the_outbox_takes_no_event(service: Service, command: str) -> None:
    valkey = PipelinedRedis(service.stack.redis_url, timeout=10)
    await valkey.execute("DEL", OUTBOX)
    await valkey.execute(*command.format(OUTBOX).split())
    assert await _health(service) == ("degraded", "down")
    await valkey.execute("DEL", OUTBOX)
    assert await _health(service) == ("ok", "up")
    await valkey.stop()


async def _health(service: Service) -> tuple[str, str]:
    """The status, and the state of writing to Valkey."""
    report = json.loads((await service.call("GET", "/health"))[1])
    return report["status"], report["dependencies"]["valkey_writes"]["state"]


async def test_the_line_of_a_refused_key_names_the_client_and_the_endpoint(service: Service) -> None:
    registry = service.stack.registry
    registry.set_status("access_key", service.stack.access_key_id, "suspended")
    fields = service.stack.keys.proven_address(CLIENT, callee="session_tokens")
    response, _ = await service.call("POST", "/generate", data=b"{}", x_api_key=service.stack.access_key, **fields)
    assert response.status == 403
    await until(lambda: any(event.action == "access_key.refused" for event in registry.events))
    [event] = [event for event in registry.events if event.action == "access_key.refused"]
    assert event.detail == {"cause": "access_key_suspended", "endpoint": "/generate", "client": CLIENT}


@pytest.mark.parametrize(
    ("path", "field", "sent", "cause", "found"),
    [
        ("/generate", "authorization", "Bearer pgak_of-its-holder", "wrong_place", "Bearer (begins with pgak_)"),
        ("/generate", "x_api_token", "pgak_of-its-holder", "wrong_place", "X-Api-Token (begins with pgak_)"),
        ("/verify", "x_api_key", "of-its-holder", "wrong_place", "X-Api-Key"),
        ("/verify", "x_other", "of-its-holder", "no_credential", "no credential"),
        ("/generate", "x_api_key", "", "no_credential", "no credential"),
        ("/verify", "x_api_token", "", "no_credential", "no credential"),
    ],
)
async def test_a_key_or_token_in_another_place_is_traced_by_that_place_and_its_prefix_alone(
    service: Service, path: str, field: str, sent: str, cause: str, found: str
) -> None:
    method, body = ("POST", b"{}") if path == "/generate" else ("GET", None)
    response, _ = await service.call(method, path, data=body, **{field: sent})
    assert response.status == 403
    traces = service.stack.registry.traces
    await until(lambda: bool(traces))
    trace = traces[-1]
    assert (trace.cause, trace.credential) == (cause, "pgak_" if "pgak_" in sent else "")
    assert found in trace.steps[-1].found
    assert "of-its-holder" not in trace.model_dump_json()


@pytest.mark.parametrize(
    ("path", "field", "prefix", "cause"),
    [
        ("/generate", "x_api_key", "pgat_", "wrong_kind"),
        ("/generate", "x_api_key", "pgak_", "malformed"),
        ("/verify", "x_api_token", "pgak_", "wrong_kind"),
        ("/verify", "x_api_token", "", "malformed"),
    ],
)
async def test_what_was_sent_in_the_place_of_a_key_or_token_is_traced_by_its_prefix_alone(
    service: Service, path: str, field: str, prefix: str, cause: str
) -> None:
    sent = f"{prefix}of-its-holder"
    response, _ = await service.call(
        "POST" if path == "/generate" else "GET",
        path,
        data=b"{}" if path == "/generate" else None,
        **{field: sent},
    )
    assert response.status == 403
    traces = service.stack.registry.traces
    await until(lambda: bool(traces))
    assert (traces[-1].cause, traces[-1].credential, traces[-1].company_id) == (cause, prefix, None)
    if cause == "wrong_kind":
        assert f"({field.replace('_', '-')})" in traces[-1].steps[-1].expected
    assert "of-its-holder" not in traces[-1].model_dump_json()


async def test_refused_calls_of_the_internal_api_are_counted_in_the_audit_trail(stack: Stack) -> None:
    async with stack.copy() as service:
        response, _ = await service.call("POST", RESOLVE, data=b"{}", authorization="Bearer x")
        assert response.status == 401
    [event] = stack.registry.events
    assert [source["endpoint"] for source in event.detail["sources"]] == [RESOLVE]


async def test_session_tokens_of_a_company_whose_stop_is_tried_are_counted_and_the_gateways_are_not(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.registry.try_stop(monkeypatch)
    async with stack.copy() as service, service.as_gateway() as gateway:
        await stack.registry.trial_begun()
        token = await service.generate()
        assert await service.status_of(token) == 200
        await gateway.resolve(token)
    assert stack.registry.counted_trials() == [("stop", COMPANY.id, 2)]
