"""Requests at a steady rate with credentials that stay good: the load, and those who must notice nothing."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import cycle, product

from tests.bench.load import Request
from tests.bench.revocation.http_client import Connections

IN_FLIGHT = 64
"""Requests, at most; when so many are waited for, those that were due are not sent later."""


class BackgroundLoad:
    """`per_second` requests in all, to the gateways in turn."""

    def __init__(self, gateways: Sequence[Connections], requests: Sequence[Request], per_second: float) -> None:
        self.statuses: Counter[int] = Counter()
        self.seconds: list[float] = []
        """What each answer took."""
        self._turns = cycle(
            [(gateway, request.wire(gateway.port)) for request, gateway in product(requests, gateways)]
        )
        self._interval = 1 / per_second
        self._running: set[asyncio.Task[None]] = set()

    @property
    def refused(self) -> int:
        """Answers that were not accepted."""
        return sum(count for status, count in self.statuses.items() if not 200 <= status < 300)

    async def run(self, seconds: float = float("inf")) -> None:
        """For so long, or until cancelled; returns when all have been answered."""
        loop = asyncio.get_running_loop()
        began = due = loop.time()
        try:
            while due < began + seconds:
                await asyncio.sleep(due - loop.time())
                if len(self._running) < IN_FLIGHT:
                    self._start(asyncio.create_task(self._one(*next(self._turns))))
                due = max(due + self._interval, loop.time() - 1.0)
        finally:
            if self._running:
                await asyncio.wait(self._running)

    @asynccontextmanager
    async def running(self) -> AsyncIterator["BackgroundLoad"]:
        task = asyncio.create_task(self.run())
        try:
            yield self
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def _start(self, task: asyncio.Task[None]) -> None:
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _one(self, gateway: Connections, wire: bytes) -> None:
        response = await gateway.send(wire)
        self.statuses[response.status] += 1
        self.seconds.append(response.at - response.sent_at)
