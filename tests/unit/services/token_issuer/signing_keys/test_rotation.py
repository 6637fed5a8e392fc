"""What is over is cleared away: the private half first, the rest once nobody asks for it."""

from services.token_issuer.signing_keys.rotation import PAST_KEYS_SHOWN_S
from services.token_issuer.signing_keys.states import RETIREMENT_MARGIN_S
from tests.support.harness.issuer_rules import World


async def clear_away(world: World) -> dict[str, bool]:
    """Of each key that is left, whether its private half is."""
    await world.rotator.clear_away(world.clock.now(), token_lifetime=3600)
    return {record.kid: bool(record.sealed) for record in await world.signing_keys.all()}


async def test_private_half_of_a_retired_key_is_destroyed_and_the_key_is_listed_for_a_month(world: World) -> None:
    await world.with_key()
    old = world.ring.signer().kid
    new = await world.rotated()
    world.clock.advance(3600 + RETIREMENT_MARGIN_S - 1)
    assert await clear_away(world) == {old: True, new: True}
    world.clock.advance(1)
    assert await clear_away(world) == {old: False, new: True}
    assert [event.subject for event in world.trail.recorded if event.action == "signing_key.retired"] == [old]
    world.clock.advance(PAST_KEYS_SHOWN_S)
    assert await clear_away(world) == {old: False, new: True}
    world.clock.advance(1)
    assert await clear_away(world) == {new: True}


async def test_revoked_key_is_listed_for_a_month(world: World) -> None:
    await world.with_key()
    old = world.ring.signer().kid
    await world.rotator.revoke(old)
    new = await world.rotated()
    assert await clear_away(world) == {old: False, new: True}
    world.clock.advance(PAST_KEYS_SHOWN_S)
    assert await clear_away(world) == {new: True}
