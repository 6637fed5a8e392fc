"""The public port is opened once it is known what is stopped; without the registry, a little later."""

import asyncio
from typing import Protocol

import structlog

log = structlog.get_logger()

CHECK_INTERVAL_S = 0.01


class Follower(Protocol):
    @property
    def position(self) -> int:
        """-1 before the first snapshot."""
        ...


class FirstSnapshot:
    """A resource that has started when the follower has a snapshot, or after `wait` seconds without one.

    Whatever starts after it would else refuse with 503, for a moment, calls that another gateway can serve.
    """

    def __init__(self, follower: Follower, wait: float) -> None:
        self._follower = follower
        self._wait = wait

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._wait
        while self._follower.position < 0:
            if loop.time() >= deadline:
                log.warning("first_snapshot.missing", waited=self._wait)
                return
            await asyncio.sleep(CHECK_INTERVAL_S)

    async def stop(self) -> None:
        """There is nothing to stop."""
