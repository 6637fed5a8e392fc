"""What the commands do to the keys, step by step, also when they are interrupted and run again."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest

from services.token_issuer import commands
from services.token_issuer.commands import NotDoneInTime
from services.token_issuer.config import Settings
from services.token_issuer.signing import KeySteps
from services.token_issuer.signing_keys.emergency import JUST_REPLACED_S, Refused
from shared.errors import Unavailable
from shared.postgres.schema import SchemaMismatch
from tests.support.harness.issuer_rules import EMERGENCY_WAIT_S, PUBLICATION_S, World

SETTINGS = cast("Settings", SimpleNamespace(token_lifetime=3600, signing_key_emergency_wait=EMERGENCY_WAIT_S))


class Operator:
    """Runs commands; `steps` is what they do to the registry and to the store, in order; `said` what they print."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self.world = world
        self.steps: list[str] = []
        self.said: list[str] = []
        self.asked = 0
        self.agrees = True
        revoke_at_registry, revoke_in_store = world.registry.revoke, world.signing_keys.revoke

        async def at_registry(*arguments: Any) -> None:
            self.steps.append("registry")
            await revoke_at_registry(*arguments)

        async def in_store(kid: str) -> bool:
            self.steps.append("store")
            return await revoke_in_store(kid)

        async def sleep(_: float) -> None:
            world.clock.advance(5)

        @asynccontextmanager
        async def opened(*_: Any) -> AsyncIterator[Any]:
            steps = KeySteps(cast("Any", world.signing_keys), world.rotator, world.rollout)
            registry = cast("Any", world.registry)
            yield commands.Opened(steps, registry, cast("Any", world.trail), registry)

        monkeypatch.setattr(world.registry, "revoke", at_registry)
        monkeypatch.setattr(world.signing_keys, "revoke", in_store)
        monkeypatch.setattr(commands, "_opened", opened)
        monkeypatch.setattr(commands, "sleep", sleep)
        monkeypatch.setattr(commands, "monotonic", world.clock.monotonic)

    @property
    def printed(self) -> str:
        return "\n".join(self.said)

    async def rotate(self, **options: Any) -> None:
        await commands.rotate_signing_key(SETTINGS, self.said.append, **options)

    async def emergency(self, **options: Any) -> None:
        await commands.replace_signing_key(SETTINGS, self.said.append, self._confirm, **options)

    async def revoke(self, kid: str, **options: Any) -> None:
        await commands.revoke_signing_key(SETTINGS, kid, self.said.append, **options)

    def _confirm(self) -> bool:
        self.asked += 1
        return self.agrees

    async def signing(self) -> str:
        await self.world.ring.reload()
        return self.world.ring.signer().kid

    @property
    def revoked(self) -> list[str]:
        return [revocation.id for revocation in self.world.registry.revocations]


@pytest.fixture
async def operator(world: World, monkeypatch: pytest.MonkeyPatch) -> Operator:
    await world.with_key()
    return Operator(world, monkeypatch)


async def test_rotation_waits_until_the_new_key_signs_and_shows_for_what(world: World, operator: Operator) -> None:
    old, began = await operator.signing(), world.clock.now()
    await operator.rotate()
    assert world.clock.now() - began >= PUBLICATION_S
    new = await operator.signing()
    assert new != old
    assert operator.said[0] == f"{new} (ES256) is published"
    assert operator.said[1] == "waiting: no gateway is known; it signs in 60 s"
    assert operator.said[-1] == f"{new} (ES256) signs"


async def test_rotation_that_a_gateway_holds_up_ends_in_time_and_goes_on_when_it_is_run_again(
    world: World, operator: Operator
) -> None:
    old = await operator.signing()
    world.registry.gateway_has("gateway@slow", old)
    with pytest.raises(NotDoneInTime, match="0 of 1 gateway processes have it; without it: gateway@slow"):
        await operator.rotate(timeout_s=100)
    assert await operator.signing() == old
    (new,) = {record.kid for record in await world.signing_keys.all()} - {old}
    world.registry.gateway_has("gateway@slow", old, new)
    operator.said.clear()
    await operator.rotate()
    assert operator.said == [f"{new} (ES256) is published already", f"{new} (ES256) signs"]
    assert await operator.signing() == new


async def test_rotation_without_waiting_returns_once_the_key_is_published(world: World, operator: Operator) -> None:
    old, began = await operator.signing(), world.clock.now()
    await operator.rotate(wait=False)
    assert (await operator.signing(), world.clock.now(), len(await world.signing_keys.all())) == (old, began, 2)


async def test_rotation_of_a_key_that_is_young_enough_does_nothing(world: World, operator: Operator) -> None:
    await operator.rotate(min_age_s=3600)
    assert "nothing is done" in operator.printed
    assert len(await world.signing_keys.all()) == 1
    world.clock.advance(3600)
    await operator.rotate(min_age_s=3600)
    assert len(await world.signing_keys.all()) == 2


async def test_rotation_waits_on_while_the_registry_is_away(world: World, operator: Operator) -> None:
    old = await operator.signing()
    await operator.rotate(wait=False)
    world.registry.away = True
    with pytest.raises(NotDoneInTime, match="key registry is unavailable"):
        await operator.rotate(timeout_s=1000)
    assert await operator.signing() == old


async def test_rotation_writes_nothing_into_a_schema_that_it_does_not_know(
    world: World, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unknown() -> None:
        raise SchemaMismatch("the schema is not one that this release knows")

    monkeypatch.setattr(world.signing_keys, "require_known_schema", unknown)
    before = await world.signing_keys.all()
    for command in (operator.rotate, operator.emergency):
        with pytest.raises(SchemaMismatch):
            await command()
    assert await world.signing_keys.all() == before
    assert (world.trail.recorded, operator.steps) == ([], [])


async def test_rotation_changes_nothing_without_a_line_in_the_trail(world: World, operator: Operator) -> None:
    world.trail.away = True
    with pytest.raises(Unavailable):
        await operator.rotate()
    assert len(await world.signing_keys.all()) == 1


async def test_rotation_whose_key_is_revoked_meanwhile_is_no_success(
    world: World, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def revoke(_: float) -> None:
        (waiting,) = [r.kid for r in await world.signing_keys.all() if r.signing_since is None]
        await world.signing_keys.revoke(waiting)

    monkeypatch.setattr(commands, "sleep", revoke)
    with pytest.raises(Refused, match="was revoked before it signed"):
        await operator.rotate()


async def test_emergency_says_what_it_stops_before_it_asks_and_without_a_yes_does_nothing(
    world: World, operator: Operator
) -> None:
    kid = await operator.signing()
    operator.agrees = False
    with pytest.raises(Refused):
        await operator.emergency()
    assert (operator.asked, operator.steps, await operator.signing()) == (1, [], kid)
    for word in (kid, "every access token of the last 3600 s", "for 15 s at most", "does not stop API tokens"):
        assert word in operator.printed


async def test_dry_run_of_an_emergency_asks_and_changes_nothing(world: World, operator: Operator) -> None:
    await operator.emergency(dry_run=True)
    assert (operator.asked, operator.steps, len(await world.signing_keys.all())) == (0, [], 1)
    assert operator.said[-1] == "nothing is done (dry run)"
    assert "(1,234 of them are live)" in operator.printed
    world.registry.away = True
    await operator.emergency(dry_run=True)
    assert "(how many are live cannot be known now)" in operator.printed


async def test_emergency_revokes_everywhere_first_and_then_lets_a_new_key_sign_within_a_bounded_time(
    world: World, operator: Operator
) -> None:
    kid, began = await operator.signing(), world.clock.now()
    world.registry.gateway_has("gateway@slow", kid)
    await operator.emergency()
    assert operator.steps == ["registry", "store"]
    assert operator.revoked == [kid]
    assert world.clock.now() - began <= EMERGENCY_WAIT_S + 5
    new = await operator.signing()
    assert new != kid
    assert operator.said[-1] == f"{new} (ES256) signs"


async def test_emergency_that_is_run_again_revokes_no_second_key_unless_it_is_named(
    world: World, operator: Operator
) -> None:
    first = await operator.signing()
    await operator.emergency()
    second = await operator.signing()
    operator.said.clear()
    await operator.emergency()
    await operator.emergency(kid=first)
    assert (await operator.signing(), operator.revoked) == (second, [first])
    assert f"{first} was revoked" in operator.said[0]
    await operator.emergency(kid=second)
    assert operator.revoked == [first, second]
    assert await operator.signing() not in (first, second)
    world.clock.advance(JUST_REPLACED_S)
    await operator.emergency()
    assert len(operator.revoked) == 3


async def test_emergency_that_was_killed_after_the_revocation_goes_on_with_the_successor(
    world: World, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    kid = await operator.signing()

    async def killed() -> None:
        raise KeyboardInterrupt

    steps: list[tuple[object, str]] = [(world.rotator, "publish"), (world.rollout, "advance")]
    for actor, step in steps:
        with monkeypatch.context() as dies:
            dies.setattr(actor, step, killed)
            with pytest.raises(KeyboardInterrupt):
                await operator.emergency()
    await operator.emergency()
    assert operator.revoked == [kid]
    assert "the key that signed is revoked already" in operator.printed
    assert len(await world.signing_keys.all()) == 2
    assert await operator.signing() != kid


async def test_emergency_about_a_key_that_does_not_sign_is_refused(world: World, operator: Operator) -> None:
    with pytest.raises(Refused, match="`revoke-signing-key sk_other` ends it"):
        await operator.emergency(kid="sk_other")
    assert operator.steps == []


async def test_verifiers_know_of_a_revoked_signing_key_before_its_successor_is_there(
    world: World, operator: Operator
) -> None:
    kid = await operator.signing()
    await operator.revoke(kid)
    assert operator.steps == ["registry", "store"]
    assert operator.revoked == [kid]
    assert operator.said[-1] == f"{kid} is revoked; {await operator.signing()} signs"


async def test_verifiers_refuse_a_revoked_signing_key_for_longer_than_it_is_published(
    world: World, operator: Operator
) -> None:
    """The store may not have it as revoked yet: until it has, the key set may show it, also as a retiring one."""
    await operator.revoke(await operator.signing())
    (revocation,) = world.registry.revocations
    assert revocation.until > time.time() + 30 * 86400


async def test_revoking_a_key_that_waits_to_sign_ends_the_rotation_and_the_present_key_goes_on(
    world: World, operator: Operator
) -> None:
    old = await operator.signing()
    await operator.rotate(wait=False)
    (waiting,) = {record.kid for record in await world.signing_keys.all()} - {old}
    await operator.revoke(waiting)
    assert operator.said[-1] == f"{waiting} is revoked; {old} signs"
    assert len(await world.signing_keys.all()) == 2


async def test_revoking_a_key_that_the_store_has_not_reaches_the_verifiers_alone_and_fails_naming_those_in_use(
    world: World, operator: Operator
) -> None:
    with pytest.raises(Refused, match=f"keys in use: {await operator.signing()}"):
        await operator.revoke("sk_unknown")
    assert operator.revoked == ["sk_unknown"]
    assert len(await world.signing_keys.all()) == 1


async def test_nothing_is_changed_in_the_store_when_the_verifiers_cannot_be_reached(
    world: World, operator: Operator
) -> None:
    world.registry.away = True
    with pytest.raises(Unavailable):
        await operator.revoke(await operator.signing())
    assert operator.steps == ["registry"]


async def test_verifiers_know_of_a_revoked_signing_key_whatever_the_schema_of_the_store(
    world: World, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def outdated() -> None:
        raise SchemaMismatch("the schema is not up to date")

    monkeypatch.setattr(world.signing_keys, "require_known_schema", outdated)
    with pytest.raises(SchemaMismatch):
        await operator.revoke(await operator.signing())
    assert operator.steps == ["registry"]


async def test_a_revocation_that_is_repeated_after_a_failure_reaches_the_verifiers_again(
    world: World, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    kid = await operator.signing()

    async def fails(_: str) -> bool:
        operator.steps.append("store fails")
        raise Unavailable("the store is unavailable")

    with monkeypatch.context() as away:
        away.setattr(world.signing_keys, "revoke", fails)
        with pytest.raises(Unavailable):
            await operator.revoke(kid)
    await operator.revoke(kid)
    await operator.revoke(kid)
    assert operator.steps == ["registry", "store fails", "registry", "store", "registry", "store"]
    assert operator.revoked == [kid] * 3
    living = [record.kid for record in await world.signing_keys.all() if record.revoked_at is None]
    assert living == [await operator.signing()] != [kid]
