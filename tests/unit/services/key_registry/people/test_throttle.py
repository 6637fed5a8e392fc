import asyncio
from collections.abc import Sequence

import pytest

from services.key_registry.people.throttle import (
    FAILURES_WINDOW_S,
    FREE_BY_ADDRESS,
    FREE_BY_SUBJECT,
    MAX_WAIT_S,
    SignInThrottle,
    TooManySignIns,
)
from shared.failure_times.memory import MemoryFailureTimes
from tests.support.clock import FakeClock


@pytest.fixture
def throttle(clock: FakeClock) -> SignInThrottle:
    return SignInThrottle(MemoryFailureTimes(), clock)


async def fail(throttle: SignInThrottle, times: int, email: str = "jo@x", address: str = "a") -> None:
    for _ in range(times):
        await throttle.begin(email, address)


async def wait(throttle: SignInThrottle, email: str = "jo@x", address: str = "a") -> int:
    with pytest.raises(TooManySignIns) as caught:
        await throttle.begin(email, address)
    return caught.value.retry_after


async def test_the_wait_grows_to_its_bound_and_ends_by_itself(throttle: SignInThrottle, clock: FakeClock) -> None:
    await fail(throttle, FREE_BY_SUBJECT)
    waits = []
    for _ in range(8):
        waits.append(await wait(throttle))
        clock.advance(waits[-1] - 1)
        assert await wait(throttle) == 1, "what is tried meanwhile makes it no longer"
        clock.advance(1)
        await fail(throttle, 1)
    assert waits == [30, 60, 120, 240, 480, 900, 900, 900]
    assert MAX_WAIT_S < FAILURES_WINDOW_S
    clock.advance(FAILURES_WINDOW_S)
    await fail(throttle, FREE_BY_SUBJECT)


async def test_an_address_waits_whatever_the_email(throttle: SignInThrottle) -> None:
    for number in range(FREE_BY_ADDRESS):
        await fail(throttle, 1, email=f"{number}@x")
    assert await wait(throttle, email="another@x") == 30
    await fail(throttle, 1, email="another@x", address="b")


async def test_who_names_nobody_counts_for_the_address_alone(throttle: SignInThrottle) -> None:
    await throttle.succeeded(await throttle.begin(None, "a"))
    for _ in range(FREE_BY_ADDRESS):
        await throttle.begin(None, "a")
    assert await wait(throttle) == 30
    await fail(throttle, 1, address="b")


async def test_a_success_forgets_the_email_and_leaves_the_address_its_failures(throttle: SignInThrottle) -> None:
    for _ in range(FREE_BY_ADDRESS):
        await throttle.succeeded(await throttle.begin("jo@x", "a"))
    await fail(throttle, FREE_BY_SUBJECT - 1)
    await throttle.succeeded(await throttle.begin("jo@x", "a"))
    await fail(throttle, FREE_BY_SUBJECT)
    assert await wait(throttle) == 30
    for number in range(FREE_BY_ADDRESS - 2 * FREE_BY_SUBJECT + 1):
        await fail(throttle, 1, email=f"{number}@x")
    assert await wait(throttle, email="another@x") == 30


async def test_what_came_to_nothing_does_not_count(throttle: SignInThrottle) -> None:
    for _ in range(2 * FREE_BY_ADDRESS):
        await throttle.release(await throttle.begin("jo@x", "a"))


async def test_of_many_at_once_no_more_than_the_free_ones_pass(throttle: SignInThrottle) -> None:
    results = await asyncio.gather(*(throttle.begin("jo@x", "a") for _ in range(20)), return_exceptions=True)
    assert sum(not isinstance(result, Exception) for result in results) == FREE_BY_SUBJECT


class Interleaved(MemoryFailureTimes):
    """As in Valkey: what is begun together is looked at, and then counted, before any of it goes on."""

    async def times(self, subject: str, *, keep: int) -> Sequence[float]:
        found = await super().times(subject, keep=keep)
        await asyncio.sleep(0)
        return found

    async def add_if(self, subject: str, at: float, *, seen: Sequence[float], keep: int) -> bool:
        added = await super().add_if(subject, at, seen=seen, keep=keep)
        await asyncio.sleep(0)
        return added


@pytest.mark.parametrize("same_email", [True, False])
async def test_burst_after_burst_no_more_than_the_free_ones_pass(clock: FakeClock, *, same_email: bool) -> None:
    throttle, passed = SignInThrottle(Interleaved(), clock), 0
    for burst in range(5):
        begun = (throttle.begin("jo@x" if same_email else f"{burst}-{n}@x", "a") for n in range(100))
        results = await asyncio.gather(*begun, return_exceptions=True)
        passed += sum(not isinstance(result, Exception) for result in results)
        clock.advance(1)
    assert passed == (FREE_BY_SUBJECT if same_email else FREE_BY_ADDRESS)


@pytest.mark.parametrize("before", [0, 1, FREE_BY_SUBJECT - 1])
async def test_a_burst_makes_nobody_wait_longer_than_the_failures_in_it_that_were_judged(
    clock: FakeClock, before: int
) -> None:
    throttle = SignInThrottle(Interleaved(), clock)
    await fail(throttle, before, address="b")
    await asyncio.gather(*(throttle.begin("jo@x", "a") for _ in range(40)), return_exceptions=True)
    assert await wait(throttle, address="c") == 30
    clock.advance(30)
    await fail(throttle, 1, address="c")
    assert await wait(throttle, address="c") == 60


async def test_what_an_address_is_refused_for_counts_for_no_email(clock: FakeClock) -> None:
    throttle = SignInThrottle(Interleaved(), clock)
    begun = (throttle.begin(f"{number}@x", "a") for number in range(FREE_BY_ADDRESS + 40))
    results = await asyncio.gather(*begun, return_exceptions=True)
    refused = [number for number, result in enumerate(results) if isinstance(result, TooManySignIns)]
    assert len(refused) == 40
    await fail(throttle, FREE_BY_SUBJECT, email=f"{refused[0]}@x", address="b")


async def test_a_clock_set_back_makes_no_wait_longer(throttle: SignInThrottle, clock: FakeClock) -> None:
    await fail(throttle, FREE_BY_SUBJECT)
    clock.skew(-86400)
    assert await wait(throttle) <= 30
