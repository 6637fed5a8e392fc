"""What is forgotten, and when."""

import asyncio
import math

import pytest

from services.key_registry.housekeeping.expired_rows import Housekeeping
from shared.contracts.key_registry import Position
from shared.errors import Unavailable
from tests.support.clock import FakeClock
from tests.support.doubles.key_registry import MemoryConsumers, MemoryStore


class StoreClock:
    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock

    async def time(self) -> float:
        return self._clock.now()


class AwayClock:
    async def time(self) -> float:
        raise Unavailable


class Recording:
    def __init__(self) -> None:
        self.rounds: list[dict[str, float]] = []
        self.happened = asyncio.Event()

    async def prune(
        self,
        *,
        changes_before: float,
        revocations_before: float,
        idempotency_before: float,
        versions_before: float,
    ) -> None:
        self.rounds.append(
            {
                "changes": changes_before,
                "revocations": revocations_before,
                "responses": idempotency_before,
                "secrets": versions_before,
            }
        )
        self.happened.set()
        if len(self.rounds) == 1:
            raise Unavailable


async def test_changes_are_kept_for_a_week_responses_for_a_day_and_revocations_an_hour_beyond_their_end(
    clock: FakeClock,
) -> None:
    store = Recording()
    housekeeping = Housekeeping(store, MemoryConsumers(MemoryStore()), StoreClock(clock))
    await housekeeping.start()
    await store.happened.wait()
    now = clock.now()
    assert store.rounds == [
        {
            "changes": now - 7 * 86400,
            "revocations": now - 3600,
            "responses": now - 86400,
            "secrets": now - 400 * 86400,
        }
    ]
    await asyncio.sleep(0)
    (task,) = housekeeping.tasks
    assert (task.running, task.restarts) == (True, 0)  # the store was unavailable, which is no reason to stop
    await housekeeping.stop()


async def test_consumers_that_say_nothing_for_half_a_minute_are_forgotten(clock: FakeClock) -> None:
    store, consumers = Recording(), MemoryConsumers(MemoryStore())
    store.rounds.append({})
    for instance in ("silent", "heard"):
        await consumers.report(Position(instance=instance, service="gateway", position=1), clock.now())
    clock.advance(30)
    await consumers.report(Position(instance="heard", service="gateway", position=1), clock.now())
    await Housekeeping(store, consumers, StoreClock(clock)).tidy()
    assert [reached.instance for reached in await consumers.reached(1, 0, math.inf)] == ["heard"]


async def test_silent_consumers_are_forgotten_also_when_the_rest_cannot_be_pruned(clock: FakeClock) -> None:
    store, consumers = Recording(), MemoryConsumers(MemoryStore())
    await consumers.report(Position(instance="silent", service="gateway", position=1), clock.now())
    clock.advance(30)
    with pytest.raises(Unavailable):
        await Housekeeping(store, consumers, StoreClock(clock)).tidy()
    assert await consumers.reached(1, 0, math.inf) == []


async def test_nothing_is_forgotten_by_a_clock_that_cannot_be_known() -> None:
    store = Recording()
    with pytest.raises(Unavailable):
        await Housekeeping(store, MemoryConsumers(MemoryStore()), AwayClock()).tidy()
    assert store.rounds == []
