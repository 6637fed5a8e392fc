"""The first key, the next one in time, and a successor for one that is revoked, however many copies run."""

import pytest

from services.token_issuer.signing_keys.creation import KeyFactory
from services.token_issuer.signing_keys.maintenance import KeyMaintenance, SigningKeyChanges
from services.token_issuer.signing_keys.may_sign import STUCK_AFTER_S
from services.token_issuer.storage.ports import SigningKeyRecord
from shared.contracts.key_registry import Change, Kind, Snapshot
from shared.errors import Unavailable
from tests.support.harness.issuer_rules import EMERGENCY_WAIT_S, PUBLICATION_S, World

INTERVAL_S = 90 * 86400.0


class Copy:
    """A copy of the issuer with a ring of its own, over the store and the registry of `world`."""

    def __init__(self, world: World, rotation_interval: float = 0.0) -> None:
        self.ring = world.new_ring()
        self.wake = SigningKeyChanges().happened
        rollout = world.new_rollout(rotation_interval)
        self.maintenance = KeyMaintenance(
            self.ring, world.rotator, rollout, world.clock, self.wake, rotation_interval=rotation_interval
        )

    async def run(self) -> None:
        await self.maintenance.run()

    @property
    def signs(self) -> str:
        return self.ring.signer().kid

    @property
    def kids(self) -> set[str]:
        return {key["kid"] for key in self.ring.jwks()["keys"]}


@pytest.fixture
def issuer(world: World) -> Copy:
    return Copy(world)


@pytest.fixture
def created(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The kids of all keys that were generated, be they used or not."""
    kids: list[str] = []
    create = KeyFactory.create

    async def recorded(factory: KeyFactory) -> SigningKeyRecord:
        record = await create(factory)
        kids.append(record.kid)
        return record

    monkeypatch.setattr(KeyFactory, "create", recorded)
    return kids


def stop(world: World, kid: str) -> None:
    world.stopped.apply(Change(seq=1, kind="signing_key", id=kid, status="revoked", at=0))


def lines(world: World) -> list[tuple[str, str]]:
    """Each line of the trail once: an id that is known is not written again."""
    events = {event.id: event for event in [*world.trail.noted, *world.trail.recorded]}
    return sorted((event.action.removeprefix("signing_key."), event.subject) for event in events.values())


async def test_first_run_creates_the_first_key_and_later_ones_no_other(world: World, issuer: Copy) -> None:
    for _ in range(3):
        await issuer.run()
    assert issuer.kids == {issuer.signs}
    assert lines(world) == [("published", issuer.signs)]


async def test_first_key_that_another_copy_created_meanwhile_is_no_line_of_this_one(
    world: World, issuer: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def other_was_first(_: SigningKeyRecord) -> bool:
        return False

    with monkeypatch.context() as race:
        race.setattr(world.signing_keys, "add_first", other_was_first)
        await issuer.run()
    assert world.trail.noted == []


async def test_no_successor_is_published_before_its_time_and_one_then_whatever_number_of_copies_runs(
    world: World,
) -> None:
    copies = [Copy(world, INTERVAL_S) for _ in range(3)]
    world.registry.gateway_has("g")
    for copy in copies:
        await copy.run()
    first = copies[0].signs
    world.clock.advance(INTERVAL_S - 1)
    for copy in copies:
        await copy.run()
        assert copy.kids == {first}
    report = world.registry.signing_keys
    assert report is not None
    assert report.next_rotation_at == pytest.approx(world.clock.now() + 1)
    world.clock.advance(1)
    for _ in range(2):
        for copy in copies:
            await copy.run()
    assert {copy.signs for copy in copies} == {first}
    (following,) = copies[0].kids - {first}
    world.registry.gateway_has("g", first, following)
    world.clock.advance(PUBLICATION_S)
    for copy in (*copies, *copies):
        await copy.run()
    assert {copy.signs for copy in copies} == {following}
    assert lines(world) == sorted([("published", first), ("published", following), ("activated", following)])


async def test_with_the_schedule_off_a_key_signs_for_ever(world: World, issuer: Copy) -> None:
    await issuer.run()
    world.clock.advance(10 * INTERVAL_S)
    await issuer.run()
    assert issuer.kids == {issuer.signs}
    assert world.registry.signing_keys is not None
    assert world.registry.signing_keys.next_rotation_at is None


async def test_revoked_key_has_one_successor_however_many_copies_run(world: World, issuer: Copy) -> None:
    other = Copy(world)
    for copy in (issuer, other):
        await copy.run()
    old = issuer.signs
    world.registry.gateway_has("g", old)
    stop(world, old)
    for copy in (other, issuer):
        await copy.run()
        with pytest.raises(Unavailable):
            copy.ring.signer()
    (successor,) = issuer.kids
    assert other.kids == {successor}
    world.registry.gateway_has("g", successor)
    for copy in (other, issuer):
        await copy.run()
    assert issuer.signs == other.signs == successor
    assert lines(world) == sorted([("published", old), ("published", successor), ("activated", successor)])
    world.stopped.reset(Snapshot(as_of=9, stopped=()))  # the registry has forgotten it: the key's own row has not
    await issuer.run()
    assert old not in issuer.kids


async def test_nothing_is_signed_until_the_successor_is_confirmed_or_a_bounded_time_is_over(
    world: World, issuer: Copy
) -> None:
    await issuer.run()
    world.registry.gateway_has("slow")
    stop(world, issuer.signs)
    for _ in range(3):
        await issuer.run()
        world.clock.advance(EMERGENCY_WAIT_S / 3)
        with pytest.raises(Unavailable):
            issuer.ring.signer()
    await issuer.run()
    activated = next(event for event in world.trail.recorded if event.action == "signing_key.activated")
    assert (activated.subject, activated.detail["gateways_without_it"]) == (issuer.signs, ["slow"])


async def test_the_key_that_waits_already_is_the_successor_of_one_that_is_revoked(
    world: World, issuer: Copy, created: list[str]
) -> None:
    await issuer.run()
    following = await world.rotator.publish()
    assert following is not None
    world.registry.gateway_has("g", following.kid)
    stop(world, issuer.signs)
    await issuer.run()
    assert issuer.signs == following.kid
    assert len(created) == 2


async def test_revoked_key_that_was_to_sign_next_never_does_and_its_predecessor_goes_on(
    world: World, issuer: Copy
) -> None:
    await issuer.run()
    first = issuer.signs
    following = await world.rotator.publish()
    assert following is not None
    await issuer.run()
    stop(world, following.kid)
    world.clock.advance(PUBLICATION_S)
    await issuer.run()
    await issuer.run()
    assert (issuer.signs, issuer.kids) == (first, {first})
    assert issuer.maintenance.progress is None


async def test_a_key_whose_process_was_killed_after_it_was_published_goes_on_and_has_all_its_lines(
    world: World, issuer: Copy
) -> None:
    await issuer.run()
    record = await world.rotator.publish()
    assert record is not None
    world.trail.noted.clear()  # it died with the process
    world.clock.advance(PUBLICATION_S)
    await Copy(world).run()
    assert ("published", record.kid) in lines(world)
    assert ("activated", record.kid) in lines(world)


async def test_a_key_does_not_begin_to_sign_without_its_line_in_the_trail(world: World, issuer: Copy) -> None:
    await issuer.run()
    first = issuer.signs
    await world.rotator.publish()
    world.clock.advance(PUBLICATION_S)
    world.trail.away = True
    with pytest.raises(Unavailable):
        await issuer.run()
    assert issuer.signs == first
    world.trail.away = False
    await issuer.run()
    await issuer.run()
    assert issuer.signs != first


async def test_with_the_registry_away_the_first_key_and_the_present_one_sign_and_the_next_one_waits(
    world: World, issuer: Copy
) -> None:
    world.registry.away = True
    await issuer.run()
    first = issuer.signs
    await world.rotator.publish()
    world.clock.advance(10 * PUBLICATION_S)
    await issuer.run()
    assert issuer.signs == first
    with pytest.raises(Unavailable, match="registry is unavailable"):
        await issuer.maintenance.check_rotation()
    world.registry.away = False
    await issuer.run()
    assert issuer.signs != first
    await issuer.maintenance.check_rotation()


async def test_a_rotation_that_is_stuck_names_the_gateway_until_it_is_gone(world: World, issuer: Copy) -> None:
    await issuer.run()
    first = issuer.signs
    record = await world.rotator.publish()
    assert record is not None
    world.registry.gateway_has("gateway@one", first, record.kid)
    world.registry.gateway_has("gateway@two", first)
    world.clock.advance(PUBLICATION_S)
    await issuer.run()
    await issuer.maintenance.check_rotation()
    world.clock.advance(STUCK_AFTER_S)
    await issuer.run()
    with pytest.raises(Unavailable, match=f"{record.kid} does not sign yet: 1 of 2 .*: gateway@two$"):
        await issuer.maintenance.check_rotation()
    del world.registry.positions["gateway@two"]
    await issuer.run()
    await issuer.maintenance.check_rotation()
    assert issuer.signs == record.kid


async def test_a_gateway_that_starts_in_the_middle_without_the_key_is_waited_for(
    world: World, issuer: Copy
) -> None:
    await issuer.run()
    first = issuer.signs
    record = await world.rotator.publish()
    assert record is not None
    world.registry.gateway_has("one", first, record.kid)
    await issuer.run()
    world.clock.advance(PUBLICATION_S)
    world.registry.gateway_has("starts", first)
    await issuer.run()
    assert issuer.signs == first
    world.registry.gateway_has("starts", first, record.kid)
    await issuer.run()
    assert issuer.signs == record.kid


async def test_what_the_registry_shows_follows_the_keys(world: World, issuer: Copy) -> None:
    def shown() -> dict[str, str]:
        report = world.registry.signing_keys
        return {} if report is None else {key.kid: key.state for key in report.keys}

    await issuer.run()
    first = issuer.signs
    assert shown() == {first: "signing"}
    record = await world.rotator.publish()
    assert record is not None
    await issuer.run()
    assert shown() == {first: "signing", record.kid: "published"}
    world.registry.gateway_has("g", first, record.kid)
    await issuer.run()
    await issuer.run()
    assert shown() == {first: "signing", record.kid: "confirmed"}
    world.clock.advance(PUBLICATION_S)
    await issuer.run()
    assert shown() == {first: "retiring", record.kid: "signing"}


@pytest.mark.parametrize(("kind", "wakes"), [("signing_key", True), ("jwt", False)])
def test_only_what_concerns_signing_keys_wakes(kind: Kind, wakes: bool) -> None:
    changes = SigningKeyChanges()
    changes.apply(Change(seq=1, kind=kind, id="x", status="revoked", at=0))
    assert changes.happened.is_set() is wakes
    changes.reset(Snapshot(as_of=1, stopped=()))
    assert changes.happened.is_set()
