"""A signing key is revoked at the verifiers before anything else, however often it is run."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest

from services.token_issuer import commands
from services.token_issuer.config import Settings
from shared.errors import Unavailable
from shared.postgres.schema import SchemaMismatch
from tests.support.harness.issuer_rules import World

SETTINGS = cast("Settings", SimpleNamespace(token_lifetime=3600))


@pytest.fixture
async def steps(world: World, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the command does to the registry and to the store, in its order; the key `world` has is in use."""
    await world.with_key()
    done: list[str] = []
    revoke_at_registry, revoke_in_store = world.registry.revoke, world.signing_keys.revoke

    async def at_registry(*arguments: Any) -> None:
        done.append("registry")
        await revoke_at_registry(*arguments)

    async def in_store(*arguments: Any) -> bool:
        done.append("store")
        return await revoke_in_store(*arguments)

    @asynccontextmanager
    async def opened(*_: Any) -> AsyncIterator[Any]:
        yield world.signing_keys, world.rotator, world.registry, world.trail

    monkeypatch.setattr(world.registry, "revoke", at_registry)
    monkeypatch.setattr(world.signing_keys, "revoke", in_store)
    monkeypatch.setattr(commands, "_opened", opened)
    return done


async def test_verifiers_know_of_a_revoked_signing_key_before_its_successor_is_there(
    world: World, steps: list[str]
) -> None:
    kid = world.ring.signer().kid
    assert kid in await commands.revoke_signing_key(SETTINGS, kid)
    assert steps == ["registry", "store"]
    assert [revocation.id for revocation in world.registry.revocations] == [kid]


async def test_verifiers_refuse_a_revoked_signing_key_for_longer_than_it_is_published(
    world: World, steps: list[str]
) -> None:
    """The store may not have it as revoked yet: until it has, the key set may show it, also as a retired one."""
    await commands.revoke_signing_key(SETTINGS, world.ring.signer().kid)
    (revocation,) = world.registry.revocations
    assert revocation.until > time.time() + 30 * 86400


async def test_nothing_is_changed_in_the_store_when_the_verifiers_cannot_be_reached(
    world: World, steps: list[str]
) -> None:
    world.registry.away = True
    with pytest.raises(Unavailable):
        await commands.revoke_signing_key(SETTINGS, world.ring.signer().kid)
    assert steps == ["registry"]


async def test_verifiers_know_of_a_revoked_signing_key_whatever_the_schema_of_the_store(
    world: World, steps: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def outdated() -> None:
        raise SchemaMismatch("the schema is not up to date")

    monkeypatch.setattr(world.signing_keys, "require_known_schema", outdated)
    with pytest.raises(SchemaMismatch):
        await commands.revoke_signing_key(SETTINGS, world.ring.signer().kid)
    assert steps == ["registry"]


async def test_rotation_writes_nothing_into_a_schema_that_it_does_not_know(
    world: World, steps: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unknown() -> None:
        raise SchemaMismatch("the schema is not one that this release knows")

    monkeypatch.setattr(world.signing_keys, "require_known_schema", unknown)
    before = await world.signing_keys.all()
    with pytest.raises(SchemaMismatch):
        await commands.rotate_signing_key(SETTINGS)
    assert await world.signing_keys.all() == before
    assert world.trail.recorded == []


async def test_a_revocation_that_is_repeated_after_a_failure_reaches_the_verifiers_again(
    world: World, steps: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    kid = world.ring.signer().kid

    async def fails(*_: Any) -> bool:
        steps.append("store fails")
        raise Unavailable("the store is unavailable")

    with monkeypatch.context() as away:
        away.setattr(world.signing_keys, "revoke", fails)
        with pytest.raises(Unavailable):
            await commands.revoke_signing_key(SETTINGS, kid)
    await commands.revoke_signing_key(SETTINGS, kid)
    await commands.revoke_signing_key(SETTINGS, kid)
    assert steps == ["registry", "store fails", "registry", "store", "registry"]
    assert [revocation.id for revocation in world.registry.revocations] == [kid] * 3
    living = [record.kid for record in await world.signing_keys.all() if record.revoked_at is None]
    assert len(living) == 1
    assert kid not in living
