"""Failures that take one and the same time, whatever the cause: timing reveals nothing to a stranger."""

import asyncio
from collections.abc import Awaitable, Callable

from shared.clock import Clock

FLOOR_S = 0.05
"""Seconds that a refusal takes at least: well above a look-up that misses every cache."""


class RefusalTimeFloor:
    """`wait_until_floor(start)` before the refusal of a credential.

    The time would differ because a known record comes from memory and an unknown one costs a call.
    """

    def __init__(
        self, clock: Clock, *, floor: float = FLOOR_S, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._clock = clock
        self._floor = floor
        self._sleep = sleep

    def start(self) -> float:
        return self._clock.monotonic()

    async def wait_until_floor(self, start: float) -> None:
        remaining = start + self._floor - self._clock.monotonic()
        if remaining > 0:
            await self._sleep(remaining)
