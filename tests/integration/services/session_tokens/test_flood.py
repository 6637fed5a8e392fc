"""What strangers send, and what a suspended access key leaves, is no line for each request."""

import time
import uuid

from shared.opaque import ACCESS_KEY, mint
from tests.support.clock import FakeClock
from tests.support.harness.flood import (
    REQUESTS,
    assert_counted,
    assert_lines_and_a_count,
    flood,
    recorded_log,
)
from tests.support.harness.session_tokens import Service, Stack


async def generated(service: Service, key: str) -> int:
    return (await service.call("POST", "/generate", data=b"{}", x_api_key=key))[0].status


async def test_a_flood_of_unknown_keys_and_tokens_is_one_line_in_the_audit_trail(stack: Stack) -> None:
    with recorded_log() as log:
        async with stack.copy(clock=FakeClock(time.time())) as service:
            assert await flood(
                lambda n: generated(service, f"junk-{n}"),
                lambda _: generated(service, mint(ACCESS_KEY)),
                lambda _: service.status_of(str(uuid.uuid4())),
                lambda n: service.status_of(f"junk-{n}"),
            ) == {403: REQUESTS}
        log.assert_bounded()
    assert assert_counted(stack.registry.events) == {
        (cause, endpoint) for cause in ("malformed", "unknown") for endpoint in ("/generate", "/verify")
    }


async def test_a_flood_of_a_suspended_access_key_is_its_lines_up_to_a_bound_and_a_count(stack: Stack) -> None:
    key = mint(ACCESS_KEY)
    stack.registry.add_access_key(key, status="suspended")
    with recorded_log() as log:
        async with stack.copy(clock=FakeClock(time.time())) as service:
            assert await flood(lambda _: generated(service, key)) == {403: REQUESTS}
        log.assert_bounded()
    assert_lines_and_a_count(stack.registry.events, "access_key.refused")
