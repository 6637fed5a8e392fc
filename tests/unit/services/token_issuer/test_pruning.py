"""What is deleted on a schedule keeps the promises of the rules."""

import pytest

from services.token_issuer.clients.assertions import ASSERTION_LEEWAY_S
from services.token_issuer.pruning import prune
from services.token_issuer.signing_keys.rotation import PAST_KEYS_SHOWN_S
from services.token_issuer.signing_keys.states import RETIREMENT_MARGIN_S
from shared.errors import Unavailable
from shared.jose.header import AUTHORIZATION_GRANT
from shared.jose.verifier import InvalidToken
from tests.support.harness.issuer_rules import ISSUER, World

AUDIENCES = frozenset({ISSUER})


async def tidy(world: World, *, compared: bool = True) -> None:
    await prune(world.used, world.rotator, world.clock, lambda: compared, token_lifetime=3600)


@pytest.mark.parametrize("seconds_before_the_last_moment", [ASSERTION_LEEWAY_S, 1.0, 0.001])
async def test_a_used_jti_is_known_for_as_long_as_the_assertion_may_still_be_accepted(
    world: World, seconds_before_the_last_moment: float
) -> None:
    assertion = world.assertion(jti="once")
    verified = await world.assertions.verify(assertion, audiences=AUDIENCES, typ=AUTHORIZATION_GRANT)
    assert await world.assertions.single_use.use(verified.client.public_id, verified.claims) is True
    world.clock.advance(
        verified.claims.expires_at + ASSERTION_LEEWAY_S - world.clock.now() - seconds_before_the_last_moment
    )
    await tidy(world)
    again = await world.assertions.verify(assertion, audiences=AUDIENCES, typ=AUTHORIZATION_GRANT)
    assert await world.assertions.single_use.use(again.client.public_id, again.claims) is False


async def test_a_used_jti_is_deleted_only_when_no_copys_clock_accepts_the_assertion(world: World) -> None:
    assertion = world.assertion(jti="once")
    verified = await world.assertions.verify(assertion, audiences=AUDIENCES, typ=AUTHORIZATION_GRANT)
    await world.assertions.single_use.use(verified.client.public_id, verified.claims)
    world.clock.advance(verified.claims.expires_at - world.clock.now() + ASSERTION_LEEWAY_S)
    with pytest.raises(InvalidToken):
        await world.assertions.verify(assertion, audiences=AUDIENCES, typ=AUTHORIZATION_GRANT)
    world.clock.advance(30)  # as far as clocks may differ
    await tidy(world)
    assert await world.assertions.single_use.use(verified.client.public_id, verified.claims) is False
    world.clock.advance(3600)
    await tidy(world)
    assert await world.assertions.single_use.use(verified.client.public_id, verified.claims) is True


async def test_signing_keys_are_cleared_away_also_when_used_jtis_cannot_be(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(before: float, *, limit: int) -> int:
        raise Unavailable

    await world.with_key()
    await world.rotated()
    world.clock.advance(3600 + RETIREMENT_MARGIN_S + PAST_KEYS_SHOWN_S + 1)
    monkeypatch.setattr(world.used, "delete_expired", away)
    with pytest.raises(Unavailable):
        await tidy(world)
    assert len(await world.signing_keys.all()) == 1


async def test_nothing_is_pruned_by_a_clock_that_was_compared_with_no_other_yet(world: World) -> None:
    await world.with_key()
    await world.rotated()
    await world.used.use("kid", b"jti", world.clock.now())
    world.clock.advance(86400 + PAST_KEYS_SHOWN_S)
    await tidy(world, compared=False)
    assert (len(world.used), len(await world.signing_keys.all())) == (1, 2)
    await tidy(world)
    assert (len(world.used), len(await world.signing_keys.all())) == (0, 1)
