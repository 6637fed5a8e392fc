"""A key that is revoked at the registry signs no more, and another one does."""

import pytest

from services.token_issuer.signing_keys.maintenance import KeyMaintenance, SigningKeyChanges
from shared.contracts.key_registry import Change, Kind, Snapshot
from tests.support.harness.issuer_rules import World


@pytest.fixture
def maintenance(world: World) -> KeyMaintenance:
    return KeyMaintenance(world.ring, world.rotator, world.trail)


def stop(world: World, kid: str) -> None:
    world.stopped.apply(Change(seq=1, kind="signing_key", id=kid, status="revoked", at=0))


def kids(world: World) -> set[str]:
    return {key["kid"] for key in world.ring.jwks()["keys"]}


async def test_first_run_creates_the_first_key_and_later_ones_no_other(
    world: World, maintenance: KeyMaintenance
) -> None:
    for _ in range(3):
        await maintenance.run()
    assert kids(world) == {world.ring.signer().kid}


async def test_revoked_key_is_replaced_durably_and_once_however_many_copies_run(
    world: World, maintenance: KeyMaintenance
) -> None:
    await maintenance.run()
    old = world.ring.signer().kid
    stop(world, old)
    other = world.make_ring()
    await other.reload()
    await KeyMaintenance(other, world.rotator, world.trail).run()
    await maintenance.run()
    assert world.ring.signer().kid == other.signer().kid != old
    assert kids(world) == {world.ring.signer().kid}
    assert [event.action for event in world.trail.noted] == ["signing_key.published"]
    world.stopped.reset(Snapshot(as_of=9, stopped=()))  # the registry has forgotten it: the key's own row has not
    await maintenance.run()
    assert old not in kids(world)


async def test_revoked_key_that_was_to_sign_next_never_does(world: World, maintenance: KeyMaintenance) -> None:
    await maintenance.run()
    following = (await world.rotator.rotate(propagation=60)).kid
    await maintenance.run()
    stop(world, following)
    await maintenance.run()
    world.clock.advance(60)
    await maintenance.run()
    assert world.ring.signer().kid != following
    assert following not in kids(world)


@pytest.mark.parametrize(("kind", "wakes"), [("signing_key", True), ("jwt", False)])
def test_only_what_concerns_signing_keys_wakes(kind: Kind, wakes: bool) -> None:
    changes = SigningKeyChanges()
    changes.apply(Change(seq=1, kind=kind, id="x", status="revoked", at=0))
    assert changes.happened.is_set() is wakes
    changes.reset(Snapshot(as_of=1, stopped=()))
    assert changes.happened.is_set()
