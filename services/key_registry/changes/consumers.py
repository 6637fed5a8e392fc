"""Who follows the changes, and how far each has applied them."""

import asyncio
import contextlib
import math
from collections.abc import Sequence

from services.key_registry.ports.consumers import FORGOTTEN_AFTER_S, ConsumerStore, Reached
from shared.clock import Clock
from shared.clock_offset import MAX_CLOCK_OFFSET_S
from shared.contracts.key_registry import Position
from shared.contracts.signing_keys import GatewayKeys
from shared.errors import Unprocessable

MAX_INSTANCE_CHARACTERS = 255
MAX_MARK_CHARACTERS = 64
FUTURE_S = 2 * MAX_CLOCK_OFFSET_S
"""By how much the clocks of two copies of the registry may differ: a report from beyond is of a time that was set
back since."""
CLOCK_STEP_S = 1.0
"""By how much the wall clock may leave the monotonic one between two receipts without having been set."""
MAX_POSITION = 2**62


class Consumers:
    def __init__(self, store: ConsumerStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._wall_ahead = clock.now() - clock.monotonic()
        self._all_until = float("-inf")
        self._future_too_until = clock.monotonic() + FORGOTTEN_AFTER_S
        self._changed = asyncio.Event()

    async def report(self, position: Position, *, service: str) -> None:
        """Keep what one of the processes of `service` has applied; one that is leaving is forgotten."""
        if position.service != service:
            raise Unprocessable.field("service", f"must be the caller's own name, {service}")
        if not 0 < len(position.instance) <= MAX_INSTANCE_CHARACTERS or not position.instance.isprintable():
            raise Unprocessable.field("instance", f"must be 1 to {MAX_INSTANCE_CHARACTERS} printable characters")
        mark = position.mark or ""
        if len(mark) > MAX_MARK_CHARACTERS or not mark.isprintable():
            raise Unprocessable.field("mark", f"must be at most {MAX_MARK_CHARACTERS} printable characters")
        if not 0 <= position.position <= MAX_POSITION:
            raise Unprocessable.field("position", f"must be a number from 0 to {MAX_POSITION}")
        if position.leaving:
            await self._store.forget(position.instance, service)
        else:
            await self._store.report(position, self._clock.now())
        self.wake_waiting()

    async def reached(self, position: int) -> Sequence[Reached]:
        """Each consumer that is not forgotten."""
        reported_after, reported_until = self.counted_reports()
        return await self._store.reached(position, reported_after, reported_until)

    async def gateways(self) -> Sequence[GatewayKeys]:
        """The processes of the gateway that are not forgotten, and the kids that each has."""
        return await self._store.gateways(*self.counted_reports())

    def counted_reports(self) -> tuple[float, float]:
        """After and until when a report has to be for its process to count, in seconds since the epoch.

        After a step of the wall clock nobody is forgotten until all had time to report by the new time.

        Nor is anybody for a report from the future until this process would have seen such a step.
        """
        now, monotonic = self._clock.now(), self._clock.monotonic()
        if abs(now - monotonic - self._wall_ahead) > CLOCK_STEP_S:
            self._wall_ahead = now - monotonic
            self._all_until = monotonic + FORGOTTEN_AFTER_S
        if monotonic < self._all_until:
            return 0.0, math.inf
        return now - FORGOTTEN_AFTER_S, math.inf if monotonic < self._future_too_until else now + FUTURE_S

    async def changed(self, seconds: float) -> None:
        """Returns when a consumer has reported to this process, or after so many seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()

    def wake_waiting(self) -> None:
        """Wake all who wait."""
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
