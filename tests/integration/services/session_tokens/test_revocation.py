"""What stops a token, through the registry's feed, and what the service does when it cannot be followed."""

import time

import pytest

from shared.contracts.key_registry import Kind, Revocation
from shared.contracts.session_tokens import session_token_id
from shared.opaque import ACCESS_KEY, mint
from tests.support.clock import FakeClock
from tests.support.doubles.registry import COMPANY
from tests.support.harness.session_tokens import Service, Stack
from tests.support.waiting import becomes, until

WRONG = (403, b'{"message":"Wrong token"}')


async def _becomes_wrong(service: Service, token: str) -> None:
    await becomes(WRONG, lambda: service.verify(token), meanwhile=lambda verified: verified[0] == 200)


@pytest.mark.parametrize("kind", ["access_key", "company"])
async def test_revoking_stops_tokens_and_the_key_within_one_second(service: Service, kind: Kind) -> None:
    token = await service.generate()
    await service.verify(token)
    id_ = service.stack.access_key_id if kind == "access_key" else COMPANY.id
    service.stack.registry.set_status(kind, id_, "revoked")
    await _becomes_wrong(service, token)
    response, body = await service.call("POST", "/generate", data=b"{}", x_api_key=service.stack.access_key)
    assert (response.status, body) == WRONG


async def test_ending_a_token_ends_it_on_every_copy(service: Service, stack: Stack) -> None:
    async with stack.copy() as copy:
        token = await service.generate()
        assert (await copy.verify(token))[0] == 200
        response, body = await copy.call("DELETE", "/verify", x_api_token=token)
        assert (response.status, body) == (204, b"")
        assert await service.verify(token) == WRONG


async def test_a_token_that_was_revoked_elsewhere_stops_within_one_second(service: Service) -> None:
    token = await service.generate()
    until = 4_000_000_000
    await service.stack.registry.revoke(Revocation(kind="session_token", id=session_token_id(token), until=until))
    await _becomes_wrong(service, token)


async def test_a_known_key_and_token_need_no_look_up(service: Service) -> None:
    token = await service.generate()
    await service.verify(token)
    before = service.stack.registry.lookups
    for _ in range(10):
        await service.generate()
        await service.verify(token)
    assert service.stack.registry.lookups == before


async def test_with_the_registry_away_the_bound_holds_and_then_nothing_is_guessed(stack: Stack) -> None:
    clock = FakeClock(time.time())
    async with stack.copy(clock=clock, staleness_bound=5) as service:
        token = await service.generate()
        stack.registry.away = True
        clock.advance(4.9)
        assert (await service.verify(token))[0] == 200
        clock.advance(5)
        await becomes(503, lambda: service.status_of(token), meanwhile=lambda status: status == 200)
        response, _ = await service.call("POST", "/generate", data=b"{}", x_api_key=stack.access_key)
        assert response.status == 503
        ready, _ = await service.call("GET", "/health/ready")
        assert list((await ready.json())["missing"]) == ["changes"]
        stack.registry.away = False
        await service.is_ready()
        assert (await service.verify(token))[0] == 200


async def test_each_creation_and_refusal_has_an_audit_line_under_the_requests_id(
    service: Service,
) -> None:
    rid = "request-0123456789"
    await service.call("POST", "/generate", data=b"{}", x_api_key=service.stack.access_key, x_request_id=rid)
    stopped = mint(ACCESS_KEY)
    service.stack.registry.add_access_key(stopped, status="suspended")
    await service.call("POST", "/generate", data=b"{}", x_api_key=stopped, x_request_id=rid)
    await until(lambda: len(service.stack.registry.events) >= 2)
    assert {(e.action, e.request_id) for e in service.stack.registry.events} == {
        ("session_token.created", rid),
        ("access_key.refused", rid),
    }


@pytest.mark.parametrize("kind", ["access_key", "company"])
async def test_a_token_that_is_refused_for_what_is_stopped_has_that_named_in_its_trace(
    service: Service, kind: Kind
) -> None:
    registry, token = service.stack.registry, await service.generate()
    id_ = service.stack.access_key_id if kind == "access_key" else COMPANY.id
    registry.set_status(kind, id_, "suspended")
    await _becomes_wrong(service, token)
    await until(lambda: bool(registry.traces))
    step = registry.traces[0].steps[-1]
    assert (step.found_kind, step.found_id) == (kind, id_)
