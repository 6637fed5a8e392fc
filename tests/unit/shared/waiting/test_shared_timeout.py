"""A time-out that many waiters share holds for each of them."""

import asyncio

import pytest

from shared.waiting.shared_timeout import SharedTimeout

FAR_S = 3600.0


def timeout(seconds: float) -> SharedTimeout:
    return SharedTimeout(seconds, lambda: LookupError("too late"))


def future() -> "asyncio.Future[int]":
    return asyncio.get_running_loop().create_future()


async def test_each_waiter_whose_time_is_up_gets_an_error_of_its_own() -> None:
    together, waiters = timeout(0.001), [future() for _ in range(3)]
    for waiter in waiters:
        together.add(waiter)
        await asyncio.sleep(0)
    await asyncio.wait(waiters)
    errors = [waiter.exception() for waiter in waiters]
    assert [str(error) for error in errors] == ["too late"] * 3
    assert len(set(map(id, errors))) == 3


async def test_what_is_done_or_given_up_in_time_stays_as_it_is() -> None:
    together, done, given_up, late = timeout(0.01), future(), future(), future()
    for waiter in (done, given_up, late):
        together.add(waiter)
    done.set_result(1)
    given_up.cancel()
    with pytest.raises(LookupError):
        await late
    assert done.result() == 1
    assert given_up.cancelled()


async def test_nobody_fails_before_its_time() -> None:
    together, waiter = timeout(FAR_S), future()
    together.add(waiter)
    await asyncio.sleep(0.01)
    assert not waiter.done()


async def test_it_works_again_after_a_time_without_waiters() -> None:
    together = timeout(0.001)
    for _ in range(2):
        waiter = future()
        together.add(waiter)
        with pytest.raises(LookupError):
            await waiter
