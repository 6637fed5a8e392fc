"""Reports what a process has applied, from which the registry derives receipts."""

import asyncio
import contextlib
import os
import secrets
import socket
from collections.abc import Callable
from typing import Protocol

import structlog

from shared.background_task import BackgroundTask, TaskOwner
from shared.changes.follower import ChangeFollower
from shared.changes.ports import ChangeSource
from shared.contracts.key_registry import Position
from shared.errors import Unavailable
from shared.release import RELEASE

log = structlog.get_logger()

REPORT_INTERVAL_S = 5.0
"""Seconds between two reports of one who applies nothing: the registry forgets who says nothing for longer."""
REPORT_RETRY_INTERVAL_S = 0.5
"""Seconds between two attempts at a report."""


class Registry(ChangeSource, Protocol):
    async def report(self, position: Position) -> None:
        """Raises `Unavailable`."""
        ...


class PositionReporter(TaskOwner):
    """Reports to the registry what this process has applied, soon after it has, and every few seconds.

    With it goes for how long the process may go on without the registry, in seconds: the follower's bound, or
    `longest_bound` where that is longer. A receipt waits that long for one who says nothing. A gateway
    reports the `signing_keys` that it verifies with as well. `usage_source` is what the batches of usage of this
    process are known by.
    """

    def __init__(
        self,
        service: str,
        follower: ChangeFollower,
        registry: Registry,
        longest_bound: Callable[[], float] = lambda: 0.0,
        signing_keys: Callable[[], tuple[str, ...] | None] = lambda: None,
        usage_source: str | None = None,
    ) -> None:
        self._service = service
        self._instance = f"{service}@{socket.gethostname()}:{os.getpid()}-{secrets.token_hex(3)}"
        self._follower = follower
        self._registry = registry
        self._longest_bound = longest_bound
        self._signing_keys = signing_keys
        self._usage_source = usage_source
        self.tasks = (BackgroundTask("position_reporter", self._run),)

    async def stop(self) -> None:
        """Report that this process leaves, so that no receipt waits for it."""
        await super().stop()
        if self._follower.position >= 0:
            with contextlib.suppress(Unavailable):
                await self._registry.report(self._position(leaving=True))

    async def _run(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(REPORT_INTERVAL_S):
                    await self._follower.moved()
            if self._follower.position >= 0:
                await self._report()

    async def _report(self) -> None:
        """Until it has arrived: what stands in a receipt is what arrived."""
        while True:
            try:
                return await self._registry.report(self._position())
            except Unavailable as error:
                log.debug("position_report.unavailable", detail=error.detail)
            except Exception:
                log.exception("position_report.failed")
            await asyncio.sleep(REPORT_RETRY_INTERVAL_S)

    def _position(self, *, leaving: bool = False) -> Position:
        return Position(
            instance=self._instance,
            service=self._service,
            position=self._follower.position,
            mark=self._follower.mark,
            leaving=leaving,
            staleness_bound=max(self._follower.bound, self._longest_bound()),
            signing_keys=self._signing_keys(),
            usage_source=self._usage_source,
            release=RELEASE,
        )
