"""The relay: copies the change feed to the stream over which consumers hear of changes at once.

The stream is for speed alone: that a change arrives is the feed's promise, so a relay may miss some, and any number
of registries may each run one.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Protocol

import structlog

from services.key_registry.storage.ports import Changes
from shared.contracts.key_registry import Change
from shared.errors import Unavailable
from shared.periodic import PeriodicTask

log = structlog.get_logger()

INTERVAL = 0.25
"""Seconds between two looks at the feed, for what another copy of the registry has committed."""
PAGE = 1000


class Stream(Protocol):
    """Each method raises `Unavailable`."""

    async def last(self) -> int:
        """The position of the newest entry, -1 when there is none."""
        ...

    async def append(self, changes: Sequence[Change]) -> None:
        """Add `changes` in their order; what stands there already is passed over."""
        ...

    async def clear(self) -> None: ...


class Relay:
    """Copies at once after `wake`, and every `INTERVAL` seconds."""

    def __init__(self, changes: Changes, stream: Stream) -> None:
        self._changes = changes
        self._stream = stream
        self._relayed = -1
        self._newest = 0
        self._up = False
        self._wake = asyncio.Event()
        self._task = PeriodicTask("change_relay", self._round, interval=INTERVAL, wake=self._wake)
        self.tasks = (self._task,)

    @property
    def up(self) -> bool:
        """Whether the last copy succeeded."""
        return self._up

    @property
    def lag(self) -> int:
        """How many changes the stream does not have yet; those before this process knew it are not counted."""
        return max(0, self._newest - self._relayed) if self._relayed >= 0 else 0

    def wake(self) -> None:
        """Something was committed."""
        self._wake.set()

    async def start(self) -> None:
        await self._task.start()

    async def stop(self) -> None:
        await self._task.stop()

    async def copy(self) -> None:
        """Bring the stream up to the registry's newest change. Raises `Unavailable`."""
        last = await self._stream.last()
        while True:
            # The stream was asked first, so it is ahead only of a registry that was set back.
            page = await self._changes.page(max(last, self._relayed), PAGE)
            self._newest = page.last
            if last > page.last or self._relayed > page.last:
                log.warning("the change stream is ahead of the registry: cleared", stream=last, registry=page.last)
                await self._stream.clear()
                self._relayed = page.last
                return
            if max(last, self._relayed) < 0 or page.gap:
                # Nobody reads from before the stream's beginning: who is there already asks the feed.
                self._relayed = page.last
                return
            if page.changes:
                await self._stream.append(page.changes)
                last = page.changes[-1].seq
            self._relayed = max(last, self._relayed)
            if self._relayed >= page.last:
                return

    async def _round(self) -> None:
        try:
            await self.copy()
        except Unavailable as error:
            self._told(up=False, detail=error.detail)
            with contextlib.suppress(Unavailable):
                self._newest = (await self._changes.page(self._newest, 1)).last
        except Exception:
            self._up = False
            raise
        else:
            self._told(up=True)

    def _told(self, *, up: bool, detail: str = "") -> None:
        if self._up and not up:
            log.warning("the change stream takes nothing; consumers poll", detail=detail)
        elif up and not self._up:
            log.info("changes are relayed", position=self._relayed)
        self._up = up
