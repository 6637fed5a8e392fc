from collections.abc import Sequence

import pytest

from services.token_issuer.clients.throttle import CLEAN_S, MAX_CLEAN, SecretThrottle
from services.token_issuer.oauth_errors import TooManyWrongSecrets
from shared.errors import Unavailable
from shared.failure_times import STORE_RETRY_INTERVAL_S, OwnTimesMeanwhile
from shared.failure_times.memory import MemoryFailureTimes
from tests.support.clock import FakeClock


class Breakable(MemoryFailureTimes):
    """A store that can be unplugged, and counts how often it is requested."""

    def __init__(self) -> None:
        super().__init__()
        self.away = False
        self.requested = 0

    async def times(self, subject: str, *, keep: int) -> Sequence[float]:
        self._send()
        return await super().times(subject, keep=keep)

    async def add(self, subject: str, at: float, *, keep: int) -> Sequence[float]:
        self._send()
        return await super().add(subject, at, keep=keep)

    def _send(self) -> None:
        self.requested += 1
        if self.away:
            raise Unavailable("unplugged")


@pytest.fixture
def store() -> Breakable:
    return Breakable()


@pytest.fixture
def throttle(store: Breakable, clock: FakeClock) -> SecretThrottle:
    return SecretThrottle(OwnTimesMeanwhile(store, MemoryFailureTimes(), clock), clock)


async def guess(throttle: SecretThrottle, times: int, address: str = "a", client: str = "c") -> None:
    for _ in range(times):
        await throttle.check(address, client)
        await throttle.wrong(address, client)


async def test_ten_are_allowed_and_then_the_pair_waits(throttle: SecretThrottle, clock: FakeClock) -> None:
    await guess(throttle, 10)
    clock.advance(20)
    with pytest.raises(TooManyWrongSecrets) as caught:
        await throttle.check("a", "c")
    assert caught.value.retry_after == 40


async def test_other_addresses_and_other_clients_are_not_stopped(throttle: SecretThrottle) -> None:
    await guess(throttle, 10)
    await throttle.check("b", "c")
    await throttle.check("a", "d")


async def test_minute_slides(throttle: SecretThrottle, clock: FakeClock) -> None:
    await guess(throttle, 5)
    clock.advance(40)
    await guess(throttle, 5)
    with pytest.raises(TooManyWrongSecrets) as caught:
        await throttle.check("a", "c")
    assert caught.value.retry_after == 20
    clock.advance(20)
    await guess(throttle, 5)
    with pytest.raises(TooManyWrongSecrets):
        await throttle.check("a", "c")


async def test_slow_mistakes_never_stop_anyone(throttle: SecretThrottle, clock: FakeClock) -> None:
    for _ in range(40):
        await guess(throttle, 1)
        clock.advance(7)


async def test_concurrent_guesses_past_the_tenth_are_stopped(throttle: SecretThrottle) -> None:
    for _ in range(10):
        await throttle.wrong("a", "c")
    for _ in range(3):
        with pytest.raises(TooManyWrongSecrets):
            await throttle.wrong("a", "c")


async def test_while_the_store_is_away_this_process_counts(throttle: SecretThrottle, store: Breakable) -> None:
    await guess(throttle, 5)
    store.away = True
    await guess(throttle, 5)
    with pytest.raises(TooManyWrongSecrets):
        await throttle.check("a", "c")
    await throttle.check("b", "c")


async def test_store_that_is_away_is_left_alone_for_a_while(
    throttle: SecretThrottle, store: Breakable, clock: FakeClock
) -> None:
    store.away = True
    for _ in range(100):
        await throttle.check("a", "c")
    assert store.requested == 1
    store.away = False
    clock.advance(STORE_RETRY_INTERVAL_S)
    await throttle.check("a", "c")
    assert store.requested == 2


async def test_clock_set_back_does_not_lock_anyone_out_for_long(throttle: SecretThrottle, clock: FakeClock) -> None:
    await guess(throttle, 10)
    clock.skew(-3600)
    with pytest.raises(TooManyWrongSecrets) as caught:
        await throttle.check("a", "c")
    assert caught.value.retry_after <= 60


async def test_the_addresses_of_one_ipv6_network_are_one_and_those_of_another_are_not(
    throttle: SecretThrottle,
) -> None:
    for n in range(10):
        await guess(throttle, 1, address=f"2001:db8:0:1::{n:x}")
    with pytest.raises(TooManyWrongSecrets):
        await throttle.check("2001:db8:0:1:ffff::1", "c")
    await throttle.check("2001:db8:0:2::1", "c")


async def test_a_client_that_requests_many_tokens_is_looked_up_once_a_moment(
    throttle: SecretThrottle, store: Breakable, clock: FakeClock
) -> None:
    for _ in range(100):
        await throttle.check("a", "c")
    assert store.requested == 1
    clock.advance(CLEAN_S)
    await throttle.check("a", "c")
    await throttle.check("b", "c")
    assert store.requested == 3


async def test_a_wrong_secret_is_known_to_the_next_check(throttle: SecretThrottle, store: Breakable) -> None:
    await throttle.check("a", "c")
    await guess(throttle, 1)
    requested = store.requested
    await throttle.check("a", "c")
    assert store.requested == requested + 1


async def test_wrong_secrets_that_come_at_once_are_counted_each(throttle: SecretThrottle) -> None:
    for _ in range(11):
        await throttle.check("a", "c")
    for _ in range(10):
        await throttle.wrong("a", "c")
    with pytest.raises(TooManyWrongSecrets):
        await throttle.wrong("a", "c")
    with pytest.raises(TooManyWrongSecrets):
        await throttle.check("a", "c")


async def test_what_is_remembered_of_clean_clients_is_bounded(throttle: SecretThrottle, store: Breakable) -> None:
    for number in range(MAX_CLEAN + 1):
        await throttle.check("a", str(number))
    await throttle.check("a", "0")  # it was forgotten
    assert store.requested == MAX_CLEAN + 2
