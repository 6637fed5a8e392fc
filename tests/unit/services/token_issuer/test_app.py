"""What the issuer's application does on a schedule keeps the promises of the rules."""

import pytest

from services.token_issuer.app import prune
from services.token_issuer.clients.assertions import LEEWAY
from shared.jose.header import AUTHORIZATION_GRANT
from shared.jose.verifier import InvalidToken
from tests.support.harness.issuer_rules import ISSUER, World

AUDIENCES = frozenset({ISSUER})


@pytest.mark.parametrize("seconds_before_the_last_moment", [LEEWAY, 1.0, 0.001])
async def test_a_used_jti_is_known_for_as_long_as_the_assertion_may_still_be_accepted(
    world: World, seconds_before_the_last_moment: float
) -> None:
    assertion = world.assertion(jti="once")
    verified = await world.assertions.verify(assertion, audiences=AUDIENCES, typ=AUTHORIZATION_GRANT)
    assert await world.assertions.use_once(verified) is True
    world.clock.advance(verified.claims.expires_at + LEEWAY - world.clock.now() - seconds_before_the_last_moment)
    await prune(world.used, world.rotator, world.clock, token_lifetime=3600)
    again = await world.assertions.verify(assertion, audiences=AUDIENCES, typ=AUTHORIZATION_GRANT)
    assert await world.assertions.use_once(again) is False


async def test_a_used_jti_is_deleted_only_when_no_copys_clock_accepts_the_assertion(world: World) -> None:
    assertion = world.assertion(jti="once")
    verified = await world.assertions.verify(assertion, audiences=AUDIENCES, typ=AUTHORIZATION_GRANT)
    await world.assertions.use_once(verified)
    world.clock.advance(verified.claims.expires_at - world.clock.now() + LEEWAY)
    with pytest.raises(InvalidToken):
        await world.assertions.verify(assertion, audiences=AUDIENCES, typ=AUTHORIZATION_GRANT)
    world.clock.advance(30)  # as far as clocks may differ
    await prune(world.used, world.rotator, world.clock, token_lifetime=3600)
    assert await world.assertions.use_once(verified) is False
    world.clock.advance(3600)
    await prune(world.used, world.rotator, world.clock, token_lifetime=3600)
    assert await world.assertions.use_once(verified) is True
