import asyncio

from services.token_issuer.clients.timing import EvenedTime
from shared.errors import Unavailable
from shared.periodic import Upkeep
from tests.support.clock import FakeClock


async def test_work_goes_on_after_any_failure_and_ends_with_stop() -> None:
    turns = 0
    done = asyncio.Event()

    async def work() -> None:
        nonlocal turns
        turns += 1
        if turns == 1:
            raise Unavailable("the store is away")
        if turns == 2:
            raise RuntimeError("unexpected")
        done.set()

    upkeep = Upkeep("test", work, interval=0)
    await upkeep.start()
    await asyncio.wait_for(done.wait(), 5)
    await upkeep.stop()
    seen = turns
    await asyncio.sleep(0)
    assert turns == seen


async def test_stop_before_start_is_harmless() -> None:
    await Upkeep("test", asyncio.Event().wait, interval=1).stop()


async def test_refusals_take_the_floor_whatever_they_took_before() -> None:
    clock, slept = FakeClock(), list[float]()

    async def sleep(seconds: float) -> None:
        slept.append(round(seconds, 3))

    evened = EvenedTime(clock, floor=0.05, sleep=sleep)
    for spent in (0.0, 0.02, 0.05, 0.2):
        start = evened.start()
        clock.advance(spent)
        await evened.wait_from(start)
    assert slept == [0.05, 0.03]
