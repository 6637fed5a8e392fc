"""A key that is revoked at the registry signs no more, and another one does."""

from typing import Any

import pytest

from services.token_issuer.signing_keys import creation, rotation
from services.token_issuer.signing_keys.maintenance import KeyMaintenance, SigningKeyChanges
from services.token_issuer.storage.ports import SigningKeyRecord
from shared.contracts.key_registry import Change, Kind, Snapshot
from tests.support.harness.issuer_rules import World


@pytest.fixture
def maintenance(world: World) -> KeyMaintenance:
    return KeyMaintenance(world.ring, world.rotator, world.trail)


@pytest.fixture
def created(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The kids of all keys that were generated, be they used or not."""
    kids: list[str] = []

    def create(*arguments: Any, **named: Any) -> SigningKeyRecord:
        record = creation.create_key(*arguments, **named)
        kids.append(record.kid)
        return record

    monkeypatch.setattr(rotation, "create_key", create)
    return kids


def stop(world: World, kid: str) -> None:
    world.stopped.apply(Change(seq=1, kind="signing_key", id=kid, status="revoked", at=0))


def kids(world: World) -> set[str]:
    return {key["kid"] for key in world.ring.jwks()["keys"]}


async def test_first_run_creates_the_first_key_and_later_ones_no_other(
    world: World, maintenance: KeyMaintenance
) -> None:
    for _ in range(3):
        await maintenance.run()
    kid = world.ring.signer().kid
    assert kids(world) == {kid}
    assert [(event.action, event.subject) for event in world.trail.noted] == [("signing_key.published", kid)]


async def test_first_key_that_another_copy_created_meanwhile_is_no_line_of_this_one(
    world: World, maintenance: KeyMaintenance, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def other_was_first(_: SigningKeyRecord) -> bool:
        await world.rotator.rotate(propagation=0)
        return False

    monkeypatch.setattr(world.signing_keys, "add_first", other_was_first)
    await maintenance.run()
    assert len(kids(world)) == 1
    assert world.trail.noted == []


async def test_revoked_key_is_replaced_durably_and_once_however_many_copies_run(
    world: World, maintenance: KeyMaintenance
) -> None:
    await maintenance.run()
    old = world.ring.signer().kid
    stop(world, old)
    other = world.new_ring()
    await other.reload()
    await KeyMaintenance(other, world.rotator, world.trail).run()
    await maintenance.run()
    assert world.ring.signer().kid == other.signer().kid != old
    assert kids(world) == {world.ring.signer().kid}
    lines = [(event.action, event.subject) for event in world.trail.noted]
    assert lines == [("signing_key.published", kid) for kid in (old, world.ring.signer().kid)]
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


async def test_key_is_not_created_where_there_is_one_that_only_starts_later(
    world: World, maintenance: KeyMaintenance, created: list[str]
) -> None:
    """By the clock of this copy: it is behind that of the store, by which the key starts."""
    await world.rotator.ensure_first()
    world.clock.skew(-20)
    for _ in range(3):
        await maintenance.run()
    assert [world.ring.signer().kid] == created


async def test_rotation_where_no_key_signs_yet_publishes_one_that_signs_at_once(
    world: World, maintenance: KeyMaintenance, created: list[str]
) -> None:
    record = await world.rotator.rotate(propagation=60)
    assert record.activates_at == world.clock.now()
    await maintenance.run()
    assert [world.ring.signer().kid] == created == [record.kid]


async def test_key_of_a_revocation_that_has_happened_is_not_created(world: World, created: list[str]) -> None:
    await world.with_key()
    old = world.ring.signer().kid
    assert await world.rotator.revoke(old) is not None
    assert await world.rotator.revoke(old) is None
    assert await world.rotator.revoke("sk_unknown") is None
    assert len(created) == 2


@pytest.mark.parametrize(("kind", "wakes"), [("signing_key", True), ("jwt", False)])
def test_only_what_concerns_signing_keys_wakes(kind: Kind, wakes: bool) -> None:
    changes = SigningKeyChanges()
    changes.apply(Change(seq=1, kind=kind, id="x", status="revoked", at=0))
    assert changes.happened.is_set() is wakes
    changes.reset(Snapshot(as_of=1, stopped=()))
    assert changes.happened.is_set()
