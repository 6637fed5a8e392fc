"""A key that is revoked at the registry signs no more, and another one does."""

import pytest

from services.token_issuer.signing_keys.maintenance import KeyCare, SigningKeyChanges
from shared.contracts.key_registry import Change, Kind, Snapshot
from tests.support.harness.issuer_rules import World


@pytest.fixture
def care(world: World) -> KeyCare:
    return KeyCare(world.ring, world.maker, world.trail)


def stop(world: World, kid: str) -> None:
    world.stopped.apply(Change(seq=1, kind="signing_key", id=kid, status="revoked", at=0))


def kids(world: World) -> set[str]:
    return {key["kid"] for key in world.ring.jwks()["keys"]}


async def test_first_look_makes_the_first_key_and_later_ones_make_no_other(world: World, care: KeyCare) -> None:
    for _ in range(3):
        await care.look()
    assert kids(world) == {world.ring.signer().kid}


async def test_revoked_key_is_replaced_durably_and_once_whatever_number_of_copies_look(
    world: World, care: KeyCare
) -> None:
    await care.look()
    old = world.ring.signer().kid
    stop(world, old)
    other = world.make_ring()
    await other.reload()
    await KeyCare(other, world.maker, world.trail).look()
    await care.look()
    assert world.ring.signer().kid == other.signer().kid != old
    assert kids(world) == {world.ring.signer().kid}
    assert [event.action for event in world.trail.noted] == ["signing_key.published"]
    world.stopped.reset(Snapshot(as_of=9, stopped=()))  # the registry has forgotten it: the key's own row has not
    await care.look()
    assert old not in kids(world)


async def test_revoked_key_that_was_to_sign_next_never_does(world: World, care: KeyCare) -> None:
    await care.look()
    following = (await world.maker.rotate(propagation=60)).kid
    await care.look()
    stop(world, following)
    await care.look()
    world.clock.advance(60)
    await care.look()
    assert world.ring.signer().kid != following
    assert following not in kids(world)


@pytest.mark.parametrize(("kind", "wakes"), [("signing_key", True), ("jwt", False)])
def test_only_what_concerns_signing_keys_wakes(kind: Kind, wakes: bool) -> None:
    changes = SigningKeyChanges()
    changes.apply(Change(seq=1, kind=kind, id="x", status="revoked", at=0))
    assert changes.happened.is_set() is wakes
    changes.reset(Snapshot(as_of=1, stopped=()))
    assert changes.happened.is_set()
