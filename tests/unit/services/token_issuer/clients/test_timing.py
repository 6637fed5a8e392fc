from services.token_issuer.clients.timing import EvenedTime
from tests.support.clock import FakeClock


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
