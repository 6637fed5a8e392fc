"""Lines without which something must not happen: many are sent together, and each is durable before it happens."""

import asyncio
import contextlib
from enum import Enum, auto
from itertools import islice

from shared.audit.delivery import MAX_BATCH, AuditSink, deliver
from shared.background_task import BackgroundTask
from shared.contracts.key_registry import AuditEvent
from shared.errors import Unavailable
from shared.waiting.shared_timeout import SharedTimeout

MAX_BEGUN = 10_000
"""Lines that may wait; one more is `Unavailable`."""
GATHERING_S_PER_LINE = 0.003
MAX_GATHERING_S = 0.025
"""Seconds between two batches, by the number of lines in the first: where many come at a time, one batch a moment
later serves them all, at a fraction of the cost. Those that come one by one wait for nothing."""
DURABLE_TIMEOUT_S = 0.95
"""Seconds in which a line must be durable once it is awaited."""


class _State(Enum):
    QUEUED = auto()
    SENT = auto()
    DURABLE = auto()
    FAILED = auto()
    """Or not known."""


class AwaitedLine:
    """A line that was begun: it is in the next batch, and there is one as soon as a line of it is awaited."""

    __slots__ = ("_lines", "_reason", "_settled", "event", "state")

    def __init__(self, event: AuditEvent, lines: "AwaitedLines") -> None:
        self.event = event
        self.state = _State.QUEUED
        self._lines = lines
        self._reason = ""
        self._settled: asyncio.Future[None] | None = None

    async def durable(self) -> None:
        """Returns when the line is; raises `Unavailable` when that is not known in time."""
        if self.state in (_State.QUEUED, _State.SENT):
            self._settled = asyncio.get_running_loop().create_future()
            self._lines.wait_for(self, self._settled)
            try:
                await self._settled
            except Unavailable:  # the time-out: whoever awaits it goes without
                self.withdraw()
                raise
        if self.state is _State.FAILED:
            raise Unavailable("the audit trail is unavailable", detail=self._reason)

    def withdraw(self) -> None:
        """It did not happen: the line is not sent, unless it was already."""
        self._lines.withdraw(self)

    def settle(self, reason: str = "") -> None:
        """`reason`: why it is not durable, as far as is known."""
        self.state, self._reason = (_State.FAILED if reason else _State.DURABLE), reason
        if self._settled is not None and not self._settled.done():
            self._settled.set_result(None)


class AwaitedLines:
    def __init__(self, sink: AuditSink, *, timeout: float = DURABLE_TIMEOUT_S) -> None:
        """`timeout`: see `DURABLE_TIMEOUT_S`."""
        self._sink = sink
        self._queued: dict[AwaitedLine, None] = {}
        """In their order."""
        self._wake = asyncio.Event()
        self._closed = False
        self._timeout = SharedTimeout(
            timeout, lambda: Unavailable("the audit trail does not respond", detail="timeout")
        )
        self.task = BackgroundTask("audit_awaited", self._run)

    def open(self) -> None:
        self._closed = False

    def close(self) -> None:
        """Fail what is queued, and take nothing more."""
        self._closed = True
        for line in self._queued:
            line.settle("the process ends")
        self._queued.clear()

    async def send_all(self) -> None:
        while self._queued:
            await self._send()

    def begin(self, event: AuditEvent) -> AwaitedLine:
        """Queue the line. Raises `Unavailable`."""
        if self._closed or len(self._queued) >= MAX_BEGUN:
            raise Unavailable(
                "the audit trail is unavailable", detail="stopped" if self._closed else "too many events wait"
            )
        line = AwaitedLine(event, self)
        self._queued[line] = None
        return line

    # What a line reports

    def wait_for(self, line: AwaitedLine, settled: "asyncio.Future[None]") -> None:
        self._timeout.add(settled)
        if line.state is _State.QUEUED:
            self._wake.set()

    def withdraw(self, line: AwaitedLine) -> None:
        self._queued.pop(line, None)

    # Sending

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            with contextlib.suppress(Unavailable):  # whoever awaits a line of the batch has it
                sent = await self._send()
                if sent > 1:
                    await asyncio.sleep(min(sent * GATHERING_S_PER_LINE, MAX_GATHERING_S))

    async def _send(self) -> int:
        """How many they were."""
        batch = list(islice(self._queued, MAX_BATCH))
        if not batch:
            return 0
        for line in batch:
            del self._queued[line]
            line.state = _State.SENT
        if self._queued:  # of which some may be awaited
            self._wake.set()
        try:
            rejected = await deliver(self._sink, [line.event for line in batch])
        except asyncio.CancelledError:
            self._put_back(batch)
            raise
        except Unavailable as error:
            for line in batch:
                line.settle(error.detail or "unavailable")
            raise
        refused = {id(event) for event in rejected}
        for line in batch:
            line.settle("the event was rejected" if id(line.event) in refused else "")
        return len(batch)

    def _put_back(self, batch: list[AwaitedLine]) -> None:
        for line in batch:
            line.state = _State.QUEUED
        self._queued = {**dict.fromkeys(batch), **self._queued}
        self._wake.set()
