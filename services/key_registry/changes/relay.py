"""The relay: copies the change feed to the stream over which consumers hear of changes at once.

The stream is for speed alone: that a change arrives is the feed's promise, so a relay may miss some, and any number
of registries may each run one.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import structlog

from services.key_registry.ports.changes import Changes
from shared.background_task import PeriodicTask, TaskOwner
from shared.changes.stream import UnreadableStream
from shared.contracts.key_registry import Change, ChangePage
from shared.errors import Unavailable

log = structlog.get_logger()

RELAY_INTERVAL_S = 0.5
"""Seconds between two readings of the feed, for what another copy of the registry has committed and not relayed."""
PAGE_SIZE = 1000


class _Reached(NamedTuple):
    """How far the stream is; without a mark only the position is known."""

    position: int
    mark: str | None


BEFORE_ALL = _Reached(0, None)
"""Before a relay knows how far the stream is."""


class Stream(Protocol):
    """Each method raises `Unavailable`."""

    async def last(self) -> Change | None:
        """The newest entry, None when there is none. Raises `UnreadableStream` where it was not a relay's."""
        ...

    async def append(self, changes: Sequence[Change]) -> None:
        """Add `changes` in their order; what has an entry already is skipped."""
        ...

    async def clear(self) -> None: ...


class Relay(TaskOwner):
    """Copies at once after `wake`, and every `RELAY_INTERVAL_S` seconds."""

    def __init__(self, changes: Changes, stream: Stream) -> None:
        self._changes = changes
        self._stream = stream
        self._relayed = BEFORE_ALL
        self._newest = 0
        self._up = False
        self._wake = asyncio.Event()
        self.tasks = (PeriodicTask("change_relay", self.run_once, interval=RELAY_INTERVAL_S, wake=self._wake),)

    @property
    def up(self) -> bool:
        """Whether the last copy succeeded."""
        return self._up

    @property
    def lag(self) -> int:
        """How many changes the stream does not have yet; those before this process knew it are not counted."""
        return 0 if self._relayed is BEFORE_ALL else max(0, self._newest - self._relayed.position)

    async def check(self) -> None:
        """Raises `Unavailable` unless the last copy succeeded."""
        if not self._up:
            raise Unavailable("changes are not relayed to the stream")

    def wake(self) -> None:
        """Something was committed."""
        self._wake.set()

    async def copy(self) -> None:
        """Bring the stream up to the registry's newest change. Raises `Unavailable`."""
        newest = await self._newest_entry()
        if newest is not None:
            self._relayed = _Reached(newest.seq, newest.mark)
        while True:
            # The stream was read first, so it is ahead only of a registry whose history changed.
            page = await self._changes.page(self._relayed.position, PAGE_SIZE, self._relayed.mark)
            self._newest = page.last
            if newest is not None and (page.gap or newest.seq > page.last):
                await self._clear(newest, page)
            if page.gap or self._relayed.position > page.last or self._relayed is BEFORE_ALL:
                # Nobody reads from before the stream's beginning: who is there already polls the feed.
                self._relayed = _Reached(page.last, page.last_mark)
                return
            if page.changes:
                await self._stream.append(page.changes)
                newest = page.changes[-1]
                self._relayed = _Reached(newest.seq, newest.mark)
            if self._relayed.position >= page.last:
                return

    async def _newest_entry(self) -> Change | None:
        """That of the stream; one that cannot be read is cleared, since nothing else would ever correct it."""
        try:
            return await self._stream.last()
        except UnreadableStream as error:
            log.warning("change_stream.cleared", reason=error.detail)
            await self._stream.clear()
            return None

    async def _clear(self, newest: Change, page: ChangePage) -> None:
        """Entries of a lost history would keep those of the present one out: their positions are taken."""
        log.warning("change_stream.cleared", stream_position=newest.seq, registry_position=page.last)
        await self._stream.clear()

    async def run_once(self) -> None:
        try:
            await self.copy()
        except Unavailable as error:
            self._set_up(up=False, detail=error.detail)
            with contextlib.suppress(Unavailable):
                self._newest = (await self._changes.page(self._newest, 1)).last
        except Exception:
            self._up = False
            raise
        else:
            self._set_up(up=True)

    def _set_up(self, *, up: bool, detail: str = "") -> None:
        if self._up and not up:
            log.warning("change_relay.down", detail=detail)
        elif up and not self._up:
            log.info("change_relay.up", position=self._relayed.position)
        self._up = up
