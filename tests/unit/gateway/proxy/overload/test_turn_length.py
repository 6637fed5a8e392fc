"""The length of a turn is that of all work of the loop between two looks at the same place."""

import asyncio

from gateway.proxy.overload.turn_length import TurnLength
from tests.support.clock import FakeClock
from tests.support.waiting import until


async def test_a_turn_is_as_long_as_the_work_in_it() -> None:
    clock, lengths = FakeClock(), list[float]()
    length = TurnLength(lengths.append, clock.monotonic)
    length.start()
    await until(lambda: len(lengths) == 2)
    assert lengths == [0.0, 0.0]
    working = True

    def work() -> None:
        clock.advance(0.25)
        if working:
            asyncio.get_running_loop().call_soon(work)

    work()
    await until(lambda: len(lengths) == 4)
    working = False
    assert lengths[-1] >= 0.25
    length.stop()
