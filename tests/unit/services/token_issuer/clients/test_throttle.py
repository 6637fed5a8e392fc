from collections.abc import Sequence

import pytest

from services.token_issuer.clients.throttle import STORE_REST, GuessLimiter
from services.token_issuer.oauth_errors import GuessingStopped
from services.token_issuer.storage.memory import MemoryWrongSecrets
from shared.errors import Unavailable
from tests.support.clock import FakeClock


class Breakable(MemoryWrongSecrets):
    """A store that can be unplugged, and counts how often it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.away = False
        self.asked = 0

    async def times(self, pair: str, *, keep: int) -> Sequence[float]:
        self._ask()
        return await super().times(pair, keep=keep)

    async def add(self, pair: str, at: float, *, keep: int) -> Sequence[float]:
        self._ask()
        return await super().add(pair, at, keep=keep)

    def _ask(self) -> None:
        self.asked += 1
        if self.away:
            raise Unavailable("unplugged")


@pytest.fixture
def store() -> Breakable:
    return Breakable()


@pytest.fixture
def limiter(store: Breakable, clock: FakeClock) -> GuessLimiter:
    return GuessLimiter(store, MemoryWrongSecrets(), clock)


async def guess(limiter: GuessLimiter, times: int, address: str = "a", client: str = "c") -> None:
    for _ in range(times):
        await limiter.require_open(address, client)
        await limiter.wrong(address, client)


async def test_ten_are_allowed_and_then_the_pair_waits(limiter: GuessLimiter, clock: FakeClock) -> None:
    await guess(limiter, 10)
    clock.advance(20)
    with pytest.raises(GuessingStopped) as caught:
        await limiter.require_open("a", "c")
    assert caught.value.retry_after == 40


async def test_other_addresses_and_other_clients_are_not_stopped(limiter: GuessLimiter) -> None:
    await guess(limiter, 10)
    await limiter.require_open("b", "c")
    await limiter.require_open("a", "d")


async def test_minute_slides(limiter: GuessLimiter, clock: FakeClock) -> None:
    await guess(limiter, 5)
    clock.advance(40)
    await guess(limiter, 5)
    with pytest.raises(GuessingStopped) as caught:
        await limiter.require_open("a", "c")
    assert caught.value.retry_after == 20
    clock.advance(20)
    await guess(limiter, 5)
    with pytest.raises(GuessingStopped):
        await limiter.require_open("a", "c")


async def test_slow_mistakes_never_stop_anyone(limiter: GuessLimiter, clock: FakeClock) -> None:
    for _ in range(40):
        await guess(limiter, 1)
        clock.advance(7)


async def test_concurrent_guesses_past_the_tenth_are_stopped(limiter: GuessLimiter) -> None:
    for _ in range(10):
        await limiter.wrong("a", "c")
    for _ in range(3):
        with pytest.raises(GuessingStopped):
            await limiter.wrong("a", "c")


async def test_while_the_store_is_away_this_process_counts(limiter: GuessLimiter, store: Breakable) -> None:
    await guess(limiter, 5)
    store.away = True
    await guess(limiter, 5)
    with pytest.raises(GuessingStopped):
        await limiter.require_open("a", "c")
    await limiter.require_open("b", "c")


async def test_store_that_is_away_is_left_alone_for_a_while(
    limiter: GuessLimiter, store: Breakable, clock: FakeClock
) -> None:
    store.away = True
    for _ in range(100):
        await limiter.require_open("a", "c")
    assert store.asked == 1
    store.away = False
    clock.advance(STORE_REST)
    await limiter.require_open("a", "c")
    assert store.asked == 2


async def test_clock_set_back_does_not_lock_anyone_out_for_long(limiter: GuessLimiter, clock: FakeClock) -> None:
    await guess(limiter, 10)
    clock.skew(-3600)
    with pytest.raises(GuessingStopped) as caught:
        await limiter.require_open("a", "c")
    assert caught.value.retry_after <= 60
