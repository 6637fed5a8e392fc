"""The bound holds for what threads do, not for what somebody still waits for; nothing waits for one that hangs."""

import asyncio
import contextlib
import subprocess
import sys
import threading
from collections.abc import AsyncIterator

import pytest

from shared.errors import Unavailable
from shared.waiting.daemon_threads import BoundedThreads, OneAtATime, WorkHangs, in_daemon_thread


@pytest.fixture
async def threads() -> AsyncIterator[BoundedThreads]:
    threads = BoundedThreads("test", threads=1, max_waiting=2)
    yield threads
    await threads.stop()


async def test_work_is_done_elsewhere_and_what_it_raises_is_raised(threads: BoundedThreads) -> None:
    assert await threads.run(threading.get_ident) != threading.get_ident()
    with pytest.raises(ValueError, match="invalid literal"):
        await threads.run(int, "x")
    assert [await threads.run(pow, 2, n) for n in range(5)] == [1, 2, 4, 8, 16]


async def test_work_that_nobody_waits_for_any_more_counts_until_its_thread_has_ended(
    threads: BoundedThreads,
) -> None:
    end, began = threading.Event(), threading.Event()

    def work() -> None:
        began.set()
        end.wait(10)

    for _ in range(2):  # one in the thread, one that waits for it
        one = asyncio.create_task(threads.run(work))
        await asyncio.sleep(0)
        assert await asyncio.to_thread(began.wait, 10)
        one.cancel()
        with pytest.raises(asyncio.CancelledError):
            await one
    waiting = asyncio.create_task(threads.run(work))  # in the place of the one that never began
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await threads.run(work)
    end.set()
    await waiting
    assert sum(await asyncio.gather(threads.run(int), threads.run(int))) == 0


async def test_more_than_the_bound_is_refused_at_once(threads: BoundedThreads) -> None:
    end = threading.Event()
    under_way = [asyncio.create_task(threads.run(end.wait, 10)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await threads.run(end.wait, 10)
    end.set()
    assert await asyncio.gather(*under_way) == [True, True]
    assert await threads.run(end.wait, 10)


async def test_what_waits_for_a_thread_when_they_stop_is_cancelled() -> None:
    threads, end, began = BoundedThreads("test", threads=1, max_waiting=2), threading.Event(), threading.Event()

    def work() -> str:
        began.set()
        end.wait(10)
        return "done"

    running, waiting = (asyncio.create_task(threads.run(work)) for _ in range(2))
    assert await asyncio.to_thread(began.wait, 10)
    await threads.stop()
    end.set()
    assert await running == "done"
    with pytest.raises(asyncio.CancelledError):
        await waiting
    with pytest.raises(RuntimeError):
        await threads.run(int)


HANGING = """
import asyncio, threading
from shared.waiting.daemon_threads import BoundedThreads, OneAtATime, in_daemon_thread

async def main():
    try:
        async with asyncio.timeout(0.05):
            await RUN(threading.Event().wait)
    except TimeoutError:
        print("left")

asyncio.run(main())
"""


@pytest.mark.parametrize(
    "run", ["in_daemon_thread", "OneAtATime(20).run", 'BoundedThreads("x", threads=2, max_waiting=4).run']
)
def test_a_thread_that_hangs_holds_up_no_end_of_the_process(run: str) -> None:
    program = HANGING.replace("RUN", run)
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)
    assert ended.stdout == "left\n"


def refuses() -> None:
    raise LookupError("nothing there")


async def test_a_thread_of_its_own_returns_and_raises_what_its_work_does() -> None:
    assert await in_daemon_thread(threading.get_ident) != threading.get_ident()
    assert await in_daemon_thread(int, "11", base=2) == 3
    with pytest.raises(LookupError, match="nothing there"):
        await in_daemon_thread(refuses)


async def test_work_that_hangs_is_given_up_in_time_and_no_other_is_begun_beside_it() -> None:
    thread, released, begun = OneAtATime(0.05), threading.Event(), []

    def hang() -> str:
        begun.append(threading.get_ident())
        released.wait(20)
        return "late"

    for _ in range(3):
        with pytest.raises(WorkHangs, match="no answer for more than"):
            await thread.run(hang)
    assert len(begun) == 1
    released.set()
    while True:
        with contextlib.suppress(WorkHangs):
            assert await thread.run(int, "7") == 7
            break
    with pytest.raises(LookupError):
        await thread.run(refuses)
