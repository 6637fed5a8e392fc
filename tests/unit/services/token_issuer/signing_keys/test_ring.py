from collections.abc import Sequence

import pytest

from services.token_issuer.signing_keys.ring import MAX_RING_AGE_S
from services.token_issuer.signing_keys.sealing import MasterKey
from services.token_issuer.signing_keys.states import RETIREMENT_MARGIN_S
from services.token_issuer.storage.ports import SigningKeyRecord
from shared.contracts.key_registry import Change
from shared.errors import Unavailable
from tests.support.harness.issuer_rules import World


def kids(world: World) -> set[str]:
    return {key["kid"] for key in world.ring.jwks()["keys"]}


async def test_without_a_key_nothing_is_signed_and_health_says_so(world: World) -> None:
    await world.ring.reload()
    assert world.ring.keys.signing is None
    with pytest.raises(Unavailable):
        world.ring.signer()
    with pytest.raises(Unavailable):
        await world.ring.check()


async def test_before_the_first_look_no_token_is_called_foreign_and_no_empty_set_is_shown(world: World) -> None:
    await world.rotator.ensure_first()
    with pytest.raises(Unavailable):
        world.ring.jwks()
    with pytest.raises(Unavailable):
        world.ring.verification_key("sk_any")
    await world.ring.reload()
    assert kids(world) == {world.ring.signer().kid}
    assert world.ring.verification_key("sk_any") is None


async def test_first_key_signs_at_once_and_is_created_once(world: World) -> None:
    await world.rotator.ensure_first()
    await world.rotator.ensure_first()
    await world.ring.reload()
    assert kids(world) == {world.ring.signer().kid}
    await world.ring.check()


async def test_rotation_publishes_before_it_signs_and_keeps_the_old_key(world: World) -> None:
    await world.with_key()
    old = world.ring.signer().kid
    record = await world.rotator.publish()
    assert record is not None
    world.clock.advance(1e6)
    await world.ring.reload()
    assert (world.ring.signer().kid, kids(world)) == (old, {old, record.kid})
    await world.rollout.advance()
    await world.ring.reload()
    assert (world.ring.signer().kid, kids(world)) == (record.kid, {old, record.kid})
    world.clock.advance(3600 + RETIREMENT_MARGIN_S)
    await world.ring.reload()
    assert kids(world) == {record.kid}


async def test_ring_that_cannot_be_reloaded_stops_signing_and_still_shows_its_keys(world: World) -> None:
    await world.with_key()
    world.clock.advance(MAX_RING_AGE_S)
    world.ring.signer()
    world.clock.advance(1)
    with pytest.raises(Unavailable):
        world.ring.signer()
    assert len(kids(world)) == 1


async def test_the_age_of_the_ring_counts_from_the_request_and_not_from_a_late_response(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.with_key()
    read = world.signing_keys.all

    async def late() -> Sequence[SigningKeyRecord]:
        records = await read()
        world.clock.advance(40)
        return records

    monkeypatch.setattr(world.signing_keys, "all", late)
    await world.ring.reload()
    world.clock.advance(MAX_RING_AGE_S - 40)
    world.ring.signer()
    world.clock.advance(0.001)
    with pytest.raises(Unavailable):
        world.ring.signer()


async def test_a_ring_that_fails_to_reload_is_no_younger_for_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.with_key()

    async def fails() -> Sequence[SigningKeyRecord]:
        raise Unavailable("the store is unavailable")

    monkeypatch.setattr(world.signing_keys, "all", fails)
    world.clock.advance(MAX_RING_AGE_S)
    with pytest.raises(Unavailable, match="the store is unavailable"):
        await world.ring.reload()
    world.ring.signer()
    world.clock.advance(0.001)
    with pytest.raises(Unavailable):
        world.ring.signer()


async def test_revoked_key_is_used_for_nothing(world: World) -> None:
    await world.with_key()
    kid = world.ring.signer().kid
    world.stopped.apply(Change(seq=1, kind="signing_key", id=kid, status="revoked", at=0))
    with pytest.raises(Unavailable):
        world.ring.signer()
    assert world.ring.verification_key(kid) is None
    assert kids(world) == set()


async def test_key_that_is_revoked_in_the_store_is_in_no_set(world: World) -> None:
    await world.with_key()
    old = world.ring.signer().kid
    assert await world.rotator.revoke(old)
    assert not await world.rotator.revoke(old)
    await world.ring.reload()
    assert world.ring.verification_key(old) is None
    with pytest.raises(Unavailable):
        world.ring.signer()
    following = await world.rotated()
    assert (world.ring.signer().kid, kids(world)) == (following, {following})


async def test_key_under_another_master_key_does_not_sign(world: World) -> None:
    await world.with_key()
    world.master_key = MasterKey(b"another key, not the right one!!")
    other = world.new_ring()
    await other.reload()
    with pytest.raises(Unavailable):
        other.signer()
    assert len(other.jwks()["keys"]) == 1


async def test_key_set_holds_no_private_member(world: World) -> None:
    for algorithm in ("RS384", "ES256", "EdDSA"):
        world.rotator = world.rotator_for(algorithm)
        await world.rotated()
    for key in world.ring.jwks()["keys"]:
        assert not set(key) & {"d", "p", "q", "dp", "dq", "qi", "k"}
