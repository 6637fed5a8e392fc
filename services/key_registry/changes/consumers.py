"""Who follows the changes, and how far each has applied them."""

import asyncio
import contextlib
from collections.abc import Sequence

from services.key_registry.storage.ports import ConsumerStore, Reached
from shared.clock import Clock
from shared.contracts.key_registry import Position
from shared.errors import Unprocessable

FORGOTTEN_AFTER = 30.0
"""Seconds after which a consumer that says nothing counts no more: by then it refuses what it cannot look up."""
MAX_INSTANCE = 255
MAX_MARK = 64
MAX_POSITION = 2**62


class Consumers:
    def __init__(self, store: ConsumerStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._stirred = asyncio.Event()

    async def report(self, position: Position, *, service: str) -> None:
        """Keep what one of the processes of `service` has applied; one that is leaving is forgotten."""
        if position.service != service:
            raise Unprocessable.field("service", f"must be the caller's own name, {service}")
        if not 0 < len(position.instance) <= MAX_INSTANCE or not position.instance.isprintable():
            raise Unprocessable.field("instance", f"must be 1 to {MAX_INSTANCE} printable characters")
        if position.mark is not None and not (len(position.mark) <= MAX_MARK and position.mark.isprintable()):
            raise Unprocessable.field("mark", f"must be at most {MAX_MARK} printable characters")
        if not 0 <= position.position <= MAX_POSITION:
            raise Unprocessable.field("position", f"must be a number from 0 to {MAX_POSITION}")
        if position.leaving:
            await self._store.forget(position.instance)
        else:
            await self._store.report(position, self._clock.now())
        self.stir()

    async def reached(self, position: int) -> Sequence[Reached]:
        """Each consumer that is not forgotten."""
        return await self._store.reached(position, self._clock.now() - FORGOTTEN_AFTER)

    async def stirred(self, seconds: float) -> None:
        """Returns when a consumer has told something to this process, or after so many seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stirred.wait()

    def stir(self) -> None:
        """Wake all who wait."""
        stirred, self._stirred = self._stirred, asyncio.Event()
        stirred.set()
