"""Whatever `app.py` puts together is seen to work in the application, and not only by itself."""

import functools
import time

import aiohttp
import pytest

from shared.contracts.key_registry import Kind
from shared.contracts.operator_validator import CHECK
from tests.support.clock import FakeClock
from tests.support.doubles.registry import COMPANY, RegistryDouble
from tests.support.harness.access_log import recorded_access_lines
from tests.support.harness.operator_validator import NOT_VALID, VALID, Operator, operator_running
from tests.support.harness.serving import ServiceKeys
from tests.support.waiting import becomes, until

CLIENT = "198.51.100.7"
CHECK_BODY = b'{"token":"x","client_prefix":"blabla","application_prefix":"SMS"}'


async def test_the_registry_hears_how_far_this_service_is_and_that_it_leaves(service_keys: ServiceKeys) -> None:
    async with aiohttp.ClientSession() as http, operator_running(service_keys, http) as operator:
        registry = operator.registry
        registry.set_status("company", "another", "suspended")
        await until(lambda: [position.position for position in registry.positions.values()] == [1])
    [last] = registry.positions.values()
    assert (last.service, last.position, last.leaving) == ("operator_validator", 1, True)


async def test_refusals_of_a_known_token_reach_the_audit_trail_before_the_process_ends(
    service_keys: ServiceKeys,
) -> None:
    async with aiohttp.ClientSession() as http, operator_running(service_keys, http) as operator:
        assert await operator.send() == VALID
        operator.registry.away = True
        assert await operator.send(applicaiontPrefix="SITE") == NOT_VALID
        operator.registry.away = False
    assert [event.detail for event in operator.registry.events] == [
        {"cause": "wrong_application", "endpoint": "/OKIT.Operator.Api/api/tokenvalidator", "client": "127.0.0.1"}
    ]


async def test_staleness_goes_by_the_clock_of_the_app(service_keys: ServiceKeys) -> None:
    clock = FakeClock(time.time())
    async with (
        aiohttp.ClientSession() as http,
        operator_running(service_keys, http, clock=clock, staleness_bound=5) as operator,
    ):
        assert await operator.send() == VALID
        operator.registry.away = True
        clock.advance(4)
        assert await operator.send() == VALID
        clock.advance(2)
        assert (await operator.send())[0] == 503
        operator.registry.away = False
        await becomes(VALID, operator.send)


async def test_the_gateways_calls_are_judged_by_the_clock_of_the_app(service_keys: ServiceKeys) -> None:
    clock = FakeClock(time.time())
    async with aiohttp.ClientSession() as http, operator_running(service_keys, http, clock=clock) as operator:
        fields = {"Authorization": service_keys.identity("gateway").authorization_for("operator_validator")()}
        assert (await operator.call("POST", CHECK, CHECK_BODY, fields))[0] == 200
        clock.advance(600)
        assert (await operator.call("POST", CHECK, CHECK_BODY, fields))[0] == 401


@pytest.mark.parametrize("callee", ["token_issuer", "key_registry", "session_tokens"])
async def test_a_token_for_another_service_opens_nothing_here(operator: Operator, callee: str) -> None:
    fields = {"Authorization": operator.keys.identity("gateway").authorization_for(callee)()}
    assert (await operator.call("POST", CHECK, CHECK_BODY, fields))[0] == 401


async def test_refused_calls_of_the_internal_api_are_counted_in_the_audit_trail(
    service_keys: ServiceKeys,
) -> None:
    async with aiohttp.ClientSession() as http, operator_running(service_keys, http) as operator:
        assert (await operator.call("POST", CHECK, CHECK_BODY, {"Authorization": "Bearer x"}))[0] == 401
    [event] = operator.registry.events
    assert [source["endpoint"] for source in event.detail["sources"]] == [CHECK]


async def test_the_gateway_alone_names_the_address_of_the_client(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = recorded_access_lines(monkeypatch)
    proven = functools.partial(operator.keys.proven_address, CLIENT)
    for rid, fields in {
        "request-by-gateway": proven(callee="operator_validator"),
        "request-by-another": proven(callee="operator_validator", by="sample_resources"),
        "request-elsewhere-": proven(callee="token_issuer"),
        "request-forwarded-": {"X-Forwarded-For": CLIENT},
    }.items():
        await operator.call("POST", CHECK, CHECK_BODY, {**fields, "X-Request-Id": rid})
    assert lines["request-by-gateway"]["client"] == CLIENT
    for rid in ("request-by-another", "request-elsewhere-", "request-forwarded-"):
        assert lines[rid]["client"] == "127.0.0.1"


async def test_all_parts_are_measured(operator: Operator) -> None:
    assert await operator.send() == VALID
    async with operator.http.get(f"{operator.url}/metrics") as response:
        metrics = await response.text()
    for sample in (
        'api_token_checks_total{outcome="valid"} 1.0',
        "change_position 0.0",
        "change_feed_age_seconds ",
        "change_propagation_seconds_count 0.0",
    ):
        assert sample in metrics


async def test_validation_of_a_company_whose_stop_is_tried_is_counted_and_the_gateways_is_not(
    service_keys: ServiceKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = RegistryDouble()
    registry.try_stop(monkeypatch)
    async with (
        aiohttp.ClientSession() as http,
        operator_running(service_keys, http, registry=registry) as operator,
        operator.client("gateway") as gateway,
    ):
        await registry.trial_begun()
        assert await operator.send() == VALID
        assert await operator.send(token="x") == NOT_VALID
        assert (await gateway.check(operator.token, client_prefix="blabla", application_prefix="SMS")).valid
    assert registry.counted_trials() == [("stop", COMPANY.id, 1)]


@pytest.mark.parametrize("kind", ["api_token", "booking", "application", "company"])
async def test_a_token_that_is_refused_for_what_is_stopped_has_that_named_in_its_trace(
    operator: Operator, kind: Kind
) -> None:
    registry, token = operator.registry, operator.record
    ids = {"api_token": token.id, "booking": token.booking_id, "application": token.application_id}
    id_ = ids.get(kind, token.company.id)
    registry.set_status(kind, id_, "suspended")
    await becomes(NOT_VALID, operator.send)
    await until(lambda: bool(registry.traces))
    step = registry.traces[0].steps[-1]
    assert (step.found_kind, step.found_id) == (kind, id_)
