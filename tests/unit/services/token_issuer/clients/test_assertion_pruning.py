"""Pruning keeps up with any rate of assertions."""

import pytest

from services.token_issuer.clients import assertion_pruning
from services.token_issuer.clients.assertion_pruning import ROUND_S, delete_expired
from tests.support.harness.issuer_rules import World


async def test_a_round_deletes_all_used_jtis_that_are_over_however_many(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assertion_pruning, "ROWS_PER_STATEMENT", 3)
    for n in range(10):
        await world.used.use("kid", bytes([n]), world.clock.now())
    world.clock.advance(3600)
    await delete_expired(world.used, world.clock.now(), world.clock)
    assert await world.used.delete_expired(world.clock.now(), limit=1) == 0


async def test_a_round_of_pruning_ends_in_time_and_the_next_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assertion_pruning, "ROWS_PER_STATEMENT", 1)
    delete = world.used.delete_expired

    async def slow(before: float, *, limit: int) -> int:
        world.clock.advance(ROUND_S / 2)
        return await delete(before, limit=limit)

    for n in range(10):
        await world.used.use("kid", bytes([n]), 0.0)
    monkeypatch.setattr(world.used, "delete_expired", slow)
    for left in (8, 6):
        await delete_expired(world.used, world.clock.now(), world.clock)
        assert len(world.used) == left
