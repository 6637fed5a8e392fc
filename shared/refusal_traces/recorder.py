"""Delivers the traces of refusals to the key registry, in batches."""

import contextlib
import os
import socket
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from prometheus_client import CollectorRegistry

from shared.background_task import PeriodicTask, TaskOwner
from shared.clock import Clock
from shared.contracts.refusal_traces import MAX_TRACES, RefusalTrace
from shared.errors import CallRejected, Unavailable
from shared.metrics import ReadCounter
from shared.refusal_traces.sampling import Sampling

SEND_INTERVAL_S = 1.0
"""So much of the traces, and what a call to the registry takes, is lost with a process that is killed."""
MAX_QUEUED = 2_000
"""Traces that wait while the registry is unavailable; of more, the oldest are left out."""


class TraceSink(Protocol):
    async def add_traces(self, traces: Sequence[RefusalTrace]) -> None:
        """Returns when they are kept, or left out by the registry's own bounds. Raises `Unavailable`."""
        ...


class RefusalTraces(TaskOwner):
    """Queues what is admitted, and never waits: a refusal takes no longer for it."""

    def __init__(
        self, sink: TraceSink, *, service: str, clock: Clock, metrics: CollectorRegistry | None = None
    ) -> None:
        self._sink = sink
        self._service = service
        self._process = f"{service}@{socket.gethostname()}:{os.getpid()}"
        self._sampling = Sampling(clock)
        self._clock = clock
        self._queued: deque[RefusalTrace] = deque()
        self.tasks = (PeriodicTask("refusal_traces", self._send_all, interval=SEND_INTERVAL_S, early_retry=False),)
        self._left_out = 0
        if metrics is not None:
            ReadCounter(
                metrics,
                "refusal_traces_left_out",
                "Refusals without a trace: there were too many of their cause and source, or too many waited.",
                lambda: self._left_out,
            )

    async def stop(self) -> None:
        await super().stop()
        with contextlib.suppress(Unavailable):
            await self._send_all()

    def record(
        self, cause: str, source: str, *, known: bool, trace: Callable[[float, str, str], RefusalTrace]
    ) -> None:
        """`trace` is called with time, service and process, if there is room for one of this cause and source."""
        if not self._sampling.admit(cause, source, known=known):
            self._left_out += 1
            return
        if len(self._queued) >= MAX_QUEUED:
            self._queued.popleft()
            self._left_out += 1
        self._queued.append(trace(self._clock.now(), self._service, self._process))

    async def _send_all(self) -> None:
        while self._queued:
            batch = [self._queued.popleft() for _ in range(min(MAX_TRACES, len(self._queued)))]
            try:
                await self._sink.add_traces(batch)
            except CallRejected:
                self._left_out += len(batch)
            except BaseException:
                self._queued.extendleft(reversed(batch))
                raise
