import asyncio

import pytest

from shared.errors import Unavailable
from shared.waiting.single_flight import SingleFlight


async def test_requests_during_a_run_share_it_and_the_next_one_begins_another() -> None:
    runs = 0

    async def work() -> int:
        nonlocal runs
        runs += 1
        await asyncio.sleep(0)
        return runs

    flight = SingleFlight("test", work)
    assert await asyncio.gather(*(flight.run() for _ in range(5))) == [1] * 5
    assert not flight.running
    assert await flight.run() == 2


async def test_a_caller_that_leaves_does_not_end_the_run() -> None:
    release = asyncio.Event()
    flight = SingleFlight("test", release.wait)
    leaver, stayer = asyncio.create_task(flight.run()), asyncio.create_task(flight.run())
    await asyncio.sleep(0)
    leaver.cancel()
    await asyncio.sleep(0)
    release.set()
    assert await stayer


@pytest.mark.parametrize("error", [Unavailable("away"), RuntimeError("unexpected")])
async def test_a_failure_reaches_every_caller_and_the_next_request_runs_again(error: Exception) -> None:
    failures = [error]

    async def work() -> str:
        await asyncio.sleep(0)
        if failures:
            raise failures.pop()
        return "well"

    flight = SingleFlight("test", work)
    results = await asyncio.gather(flight.run(), flight.run(), return_exceptions=True)
    assert all(type(result) is type(error) and vars(result) == vars(error) for result in results)
    assert await flight.run() == "well"


async def test_a_request_made_as_the_run_ends_begins_another() -> None:
    """What the run did not see is not left lying: a command for Redis, a key to look up."""
    waiting, taken = list[int](), list[int]()

    async def work() -> None:
        while waiting:
            taken.append(waiting.pop())
            await asyncio.sleep(0)

    flight = SingleFlight("test", work)
    waiting.append(1)

    def request_again(_: object) -> None:
        waiting.append(2)
        flight.begin()

    flight.begin().add_done_callback(request_again)
    async with asyncio.timeout(5):
        while taken != [1, 2]:
            await asyncio.sleep(0)


async def test_stop_cancels_the_run_and_drain_waits_for_it() -> None:
    flight = SingleFlight("test", asyncio.Event().wait)
    flight.begin()
    await flight.drain(0)
    assert flight.running
    await flight.stop()
    assert not flight.running
