"""The public port opens with the first snapshot, and without the registry a bounded time later."""

import asyncio

import structlog

from gateway.first_snapshot import FirstSnapshot
from tests.support.waiting import until


class Follower:
    position = -1


async def test_it_has_started_once_there_is_a_snapshot() -> None:
    follower = Follower()
    starting = asyncio.create_task(FirstSnapshot(follower, wait=600).start())
    done, _ = await asyncio.wait([starting], timeout=0.05)
    assert not done
    follower.position = 0
    await until(starting.done)


async def test_without_a_snapshot_it_has_started_after_its_time_and_says_so() -> None:
    with structlog.testing.capture_logs() as log:
        await FirstSnapshot(Follower(), wait=0.02).start()
    assert [(line["event"], line["waited"]) for line in log] == [("first_snapshot.missing", 0.02)]
