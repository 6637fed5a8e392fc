"""What every `SessionStore` promises, over each that there is."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest
import redis.asyncio

from services.session_tokens.storage.ports import SessionStore
from services.session_tokens.storage.redis import OUTBOX, RedisSessionStore
from shared.contracts.key_registry import AuditEvent
from shared.redis import PipelinedRedis
from tests.support.clock import FakeClock
from tests.support.doubles.session_tokens import MemorySessionStore

ID = "a" * 64
SEALED = bytes(range(256))
EVENT = AuditEvent(action="session_token.created", actor="access_key:1", at=1.0)


@dataclass
class Stored:
    store: SessionStore
    another: SessionStore
    """The same sessions as another process sees them."""
    pass_time: Callable[[float], Awaitable[None]]
    """Seconds go by for the store."""


async def _age(client: redis.asyncio.Redis, seconds: float) -> None:
    """Bring the end of every key nearer, instead of waiting for it."""
    for key in set(await client.keys("*")) - {OUTBOX.encode()}:
        left = await client.pttl(key)
        assert left > 0, f"{key!r} has no TTL"
        await client.pexpire(key, max(0, int(left - seconds * 1000)))


@pytest.fixture(params=["memory", "redis"])
async def stored(request: pytest.FixtureRequest, clock: FakeClock, redis_database: str) -> AsyncIterator[Stored]:
    if request.param == "memory":
        memory = MemorySessionStore(clock)

        async def advance(seconds: float) -> None:
            clock.advance(seconds)

        yield Stored(memory, memory, advance)
        return
    one, two = PipelinedRedis(redis_database), PipelinedRedis(redis_database)
    async with redis.asyncio.from_url(redis_database) as client:
        yield Stored(RedisSessionStore(one), RedisSessionStore(two), lambda seconds: _age(client, seconds))
    await one.stop()
    await two.stop()


async def test_what_was_put_is_got_byte_for_byte_by_every_process(stored: Stored) -> None:
    await stored.store.put(ID, SEALED, ttl=10, uses=None, event=EVENT)
    assert await stored.store.get(ID) == SEALED
    assert await stored.another.get(ID) == SEALED


async def test_what_was_never_put_is_not_there(stored: Stored) -> None:
    assert await stored.store.get(ID) is None
    assert not await stored.store.take_use(ID)
    assert not await stored.store.end(ID)


async def test_of_several_that_end_a_session_at_once_one_has_ended_it(stored: Stored) -> None:
    await stored.store.put(ID, SEALED, ttl=100, uses=2, event=EVENT)
    ended = await asyncio.gather(*(store.end(ID) for store in (stored.store, stored.another) * 5))
    assert sum(ended) == 1


@pytest.mark.parametrize("uses", [None, 3])
async def test_a_session_is_there_until_its_ttl_and_not_after(stored: Stored, uses: int | None) -> None:
    await stored.store.put(ID, SEALED, ttl=100, uses=uses, event=EVENT)
    await stored.pass_time(99)
    assert await stored.store.get(ID) == SEALED
    await stored.pass_time(1.001)
    assert await stored.store.get(ID) is None
    assert not await stored.store.take_use(ID)


async def test_uses_do_not_prolong_a_life(stored: Stored) -> None:
    await stored.store.put(ID, SEALED, ttl=100, uses=10, event=EVENT)
    for _ in range(3):
        await stored.pass_time(30)
        assert await stored.store.take_use(ID)
    await stored.pass_time(10.001)
    assert not await stored.store.take_use(ID)
    assert await stored.store.get(ID) is None


@pytest.mark.parametrize("uses", [1, 2, 100])
async def test_n_uses_are_exactly_n_however_many_try_from_wherever(stored: Stored, uses: int) -> None:
    await stored.store.put(ID, SEALED, ttl=100, uses=uses, event=EVENT)
    tries = [store.take_use(ID) for store in (stored.store, stored.another) for _ in range(uses + 20)]
    assert sum(await asyncio.gather(*tries)) == uses
    assert await stored.store.get(ID) is None


async def test_an_ended_session_is_gone_with_its_uses(stored: Stored) -> None:
    await stored.store.put(ID, SEALED, ttl=100, uses=5, event=EVENT)
    await stored.another.end(ID)
    assert await stored.store.get(ID) is None
    assert not await stored.store.take_use(ID)


async def test_ending_while_it_is_used_lets_no_use_through_afterwards(stored: Stored) -> None:
    await stored.store.put(ID, SEALED, ttl=100, uses=1000, event=EVENT)
    await asyncio.gather(*(stored.another.take_use(ID) for _ in range(50)), stored.store.end(ID))
    assert not await stored.store.take_use(ID)
    assert await stored.store.get(ID) is None


async def test_a_session_whose_uses_are_not_counted_has_none_to_take(stored: Stored) -> None:
    await stored.store.put(ID, SEALED, ttl=100, uses=None, event=EVENT)
    assert not await stored.store.take_use(ID)
    assert await stored.store.get(ID) == SEALED


async def test_sessions_do_not_touch_each_other(stored: Stored) -> None:
    await stored.store.put(ID, SEALED, ttl=100, uses=1, event=EVENT)
    await stored.store.put("b" * 64, b"other", ttl=100, uses=1, event=EVENT)
    assert await stored.store.take_use(ID)
    assert await stored.store.get("b" * 64) == b"other"
    assert await stored.store.take_use("b" * 64)
