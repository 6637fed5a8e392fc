"""What strangers send to the operator, and what a known token for another application leaves, is bounded."""

import time

import aiohttp
import orjson

from shared.contracts.operator_validator import VALIDATE_BY_POST
from shared.opaque import API_TOKEN, mint
from tests.support.clock import FakeClock
from tests.support.harness.flood import (
    REQUESTS,
    assert_counted,
    assert_lines_and_a_count,
    flood,
    recorded_log,
)
from tests.support.harness.operator_validator import NOT_VALID, operator_running
from tests.support.harness.serving import ServiceKeys


async def test_a_flood_of_unknown_tokens_is_one_line_in_the_audit_trail(service_keys: ServiceKeys) -> None:
    async with aiohttp.ClientSession() as http:
        with recorded_log() as log:
            async with operator_running(service_keys, http, clock=FakeClock(time.time())) as operator:

                async def unknown(_: int) -> int:
                    response = await operator.send(token=mint(API_TOKEN))
                    assert response == NOT_VALID or response[0] == 503
                    return response[0]

                async def junk(n: int) -> int:
                    body = {"token": f"junk-{n}", "client_prefix": "blabla", "application_prefix": "SMS"}
                    return (await operator.call("POST", VALIDATE_BY_POST, orjson.dumps(body)))[0]

                assert await flood(unknown, junk) == {200: REQUESTS}
            log.assert_bounded()
        assert {cause for cause, _ in assert_counted(operator.registry.events)} == {"unknown", "malformed"}


async def test_a_flood_of_a_known_token_is_its_lines_up_to_a_bound_and_a_count(service_keys: ServiceKeys) -> None:
    async with aiohttp.ClientSession() as http:
        with recorded_log() as log:
            async with operator_running(service_keys, http, clock=FakeClock(time.time())) as operator:

                async def elsewhere(_: int) -> int:
                    return (await operator.send(applicaiontPrefix="OTHER"))[0]

                assert await flood(elsewhere) == {200: REQUESTS}
            log.assert_bounded()
        assert_lines_and_a_count(operator.registry.events, "api_token.refused")
