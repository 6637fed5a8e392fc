from services.token_issuer.clients.timing import RefusalTimeFloor
from tests.support.clock import FakeClock


async def test_refusals_take_the_floor_whatever_they_took_before() -> None:
    clock, slept = FakeClock(), list[float]()

    async def sleep(seconds: float) -> None:
        slept.append(round(seconds, 3))

    time_floor = RefusalTimeFloor(clock, floor=0.05, sleep=sleep)
    for spent in (0.0, 0.02, 0.05, 0.2):
        start = time_floor.start()
        clock.advance(spent)
        await time_floor.wait_until_floor(start)
    assert slept == [0.05, 0.03]
