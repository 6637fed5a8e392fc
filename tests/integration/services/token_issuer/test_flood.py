"""What strangers send to the token endpoints, and what a known client's wrong secrets leave, is bounded."""

import functools
import time

import pytest

from services.token_issuer.clients.throttle import MAX_WRONG_SECRETS
from services.token_issuer.config import Settings
from shared.audit.refusals import ACTION
from shared.jose.keys import generate_private_key
from shared.jose.signer import Signer
from shared.opaque import API_CLIENT_KEY, API_CLIENT_SECRET, KEY_PAIR, mint, public_id
from tests.support.clock import FakeClock
from tests.support.doubles.registry import RegistryDouble
from tests.support.harness.flood import (
    REQUESTS,
    assert_counted,
    assert_lines_and_a_count,
    flood,
    recorded_log,
)
from tests.support.harness.token_issuer import Issuer, basic, running

GRANT = {"grant_type": "client_credentials"}


@pytest.fixture
async def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"signing_algorithm": "ES256"})


@pytest.fixture
def registry() -> RegistryDouble:
    return RegistryDouble()


async def as_client(issuer: Issuer, authorization: str, _: int) -> int:
    return (await issuer.post("/oauth2/token", GRANT, authorization=authorization))[0].status


async def with_assertion(issuer: Issuer, assertion: str, _: int) -> int:
    return (await issuer.present(assertion))[0].status


def forged(issuer: Issuer, kid: str) -> str:
    stranger = Signer(kid, "ES256", generate_private_key("ES256"))
    return stranger.sign({"iss": "x", "sub": "x", "aud": issuer.settings.issuer, "exp": int(time.time()) + 60})


async def test_a_flood_without_a_known_credential_is_one_line_in_the_audit_trail(
    settings: Settings, registry: RegistryDouble
) -> None:
    with recorded_log() as log:
        async with running(settings, registry, clock=FakeClock(time.time())) as issuer:
            unknown = basic(public_id(API_CLIENT_KEY), mint(API_CLIENT_SECRET))
            statuses = await flood(
                functools.partial(as_client, issuer, unknown),
                functools.partial(as_client, issuer, "Basic !!!"),
                functools.partial(with_assertion, issuer, forged(issuer, public_id(KEY_PAIR))),
                functools.partial(with_assertion, issuer, "junk"),
            )
        log.assert_bounded()
    assert sum(statuses[status] for status in (400, 401, 429)) == REQUESTS
    endpoints = {endpoint for _, endpoint in assert_counted(issuer.events_of_requests)}
    assert endpoints == {"/oauth2/token", "/iam/oauth/token"}


async def test_a_flood_of_wrong_secrets_is_a_line_for_each_that_is_compared_and_a_count(
    settings: Settings, registry: RegistryDouble
) -> None:
    with recorded_log() as log:
        async with running(settings, registry, clock=FakeClock(time.time())) as issuer:
            wrong = basic(issuer.client.key, mint(API_CLIENT_SECRET))
            statuses = await flood(functools.partial(as_client, issuer, wrong))
        log.assert_bounded()
    assert statuses == {401: MAX_WRONG_SECRETS, 429: REQUESTS - MAX_WRONG_SECRETS}
    *lines, count = issuer.events_of_requests
    assert [line.action for line in lines] == ["token.refused"] * MAX_WRONG_SECRETS
    assert (count.action, count.detail["count"]) == (ACTION, REQUESTS - MAX_WRONG_SECRETS)


async def test_a_flood_of_assertions_that_name_a_known_key_pair_is_its_lines_up_to_a_bound_and_a_count(
    settings: Settings, registry: RegistryDouble
) -> None:
    with recorded_log() as log:
        async with running(settings, registry, clock=FakeClock(time.time())) as issuer:
            assertion = forged(issuer, issuer.key_pair.kid)
            assert await flood(functools.partial(with_assertion, issuer, assertion)) == {400: REQUESTS}
        log.assert_bounded()
    assert_lines_and_a_count(issuer.events_of_requests, "token.refused")
    assert {event.subject for event in issuer.events_of_requests} == {issuer.key_pair.kid}
