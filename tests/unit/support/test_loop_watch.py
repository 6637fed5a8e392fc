"""The watch on the event loop blames what blocks it, and nothing else."""

import asyncio
import time

from tests.support.loop_watch import LoopWatch


def watched(seconds: float, *, blocking: bool) -> str | None:
    async def main() -> str | None:
        watch = LoopWatch(asyncio.get_running_loop(), limit=0.15, tick=0.05)
        watch.begin()
        await asyncio.sleep(0.06)
        if blocking:
            time.sleep(seconds)
        else:
            await asyncio.sleep(seconds)
        blocked_at = watch.end()
        watch.stop()
        return blocked_at

    return asyncio.run(main())


def test_a_blocked_loop_is_reported_with_the_line_that_blocks() -> None:
    assert "time.sleep(seconds)" in (watched(0.6, blocking=True) or "")


def test_a_waiting_loop_is_not_blamed() -> None:
    assert watched(0.4, blocking=False) is None
