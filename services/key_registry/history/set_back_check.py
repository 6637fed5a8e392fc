"""Compares the history with its copies when a registry starts, and whenever it may have been set back.

Until that is done, and a restored history is gone on with, the guard is closed.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Any

import structlog

from services.key_registry.catalog.field_types import format_instant, instant
from services.key_registry.history.comparison import Loss, find_loss
from services.key_registry.history.copies import HistoryCopies
from services.key_registry.history.guard import CannotRely, HistoryGuard
from services.key_registry.history.ports import HistoryCopy, HistoryStore, NothingValid, Restore
from services.key_registry.history.records import HistoryContent, HistoryHead
from services.key_registry.history.restores.recovery import Recovery
from shared.background_task import PeriodicTask, TaskOwner
from shared.errors import Unavailable

log = structlog.get_logger()

COMPARE_INTERVAL_S = 1.0
START_TIMEOUT_S = 2.0
"""Seconds that the start of a process waits for the first comparison; then it goes on in the background."""

HEAD_TIMEOUT_S = 1.0
"""Seconds in which a copy says how far it is; one that does not is unavailable."""

OpenCopies = Callable[[str], Sequence[HistoryCopy]]
"""The copies of the history of this name."""


class HistoryCheck(TaskOwner):
    def __init__(
        self,
        store: HistoryStore,
        recovery: Recovery,
        guard: HistoryGuard,
        copies: HistoryCopies,
        open_copies: OpenCopies,
        *,
        required: bool,
    ) -> None:
        """`required`: a registry that has changes does not open before it could read at least one copy."""
        self._store = store
        self._recovery = recovery
        self._guard = guard
        self._copies = copies
        self._open_copies = open_copies
        self._required = required
        self._history: str | None = None
        self._logged: Loss | None = None
        """The loss that the log has, until the guard is open again."""
        self.newest: Restore | None = None
        """The last restore that is known of."""
        task = PeriodicTask("history", self.run_once, interval=COMPARE_INTERVAL_S, wake=guard.compare_now)
        self.tasks = (task, copies.task)

    def details(self) -> dict[str, Any]:
        """For health: when the last restore was found, and what was lost by it."""
        if self.newest is None:
            return {}
        return {
            "restored_at": format_instant(instant(self.newest.at)),
            "lost_changes": self.newest.lost_changes,
            "lost_audit_lines": self.newest.lost_audit_lines,
            "objects": self.newest.report["objects"],
        }

    async def start(self) -> None:
        with contextlib.suppress(Unavailable, TimeoutError):
            async with asyncio.timeout(START_TIMEOUT_S):
                await self.run_once()
        await super().start()

    async def stop(self) -> None:
        await super().stop()
        await self._copies.finish()

    async def run_once(self) -> None:
        """Open the guard, once all that was known is there or was stopped again. Raises `Unavailable`."""
        if self._guard.closed is None:
            return
        try:
            await self._compare()
        except CannotRely as error:
            self._guard.keep_closed(error.description)
            raise

    async def _compare(self) -> None:
        history = await self._name()
        heads = await self._heads()
        state = await self._store.state(heads)
        if (loss := find_loss(heads, state)) is not None:
            await self._go_on(history, loss, heads)
            state = await self._store.state(heads)
        self.newest = state.restores[-1] if state.restores else None
        self._guard.open(state.head)
        self._logged = None
        self._copies.wake()

    async def _name(self) -> str:
        history = await self._store.history()
        if self._history is None:
            self._copies.use(self._open_copies(history))
            self._history = history
        if history != self._history:
            raise CannotRely("the database is that of another registry than when this process started")
        return history

    async def _heads(self) -> list[HistoryHead]:
        """How far it was by each copy, and by this process. Raises `Unavailable` where that says too little."""
        copies = [state.copy for state in self._copies.states]
        found = await asyncio.gather(*map(_head, copies), return_exceptions=True)
        if invalid := [
            copy.name for copy, result in zip(copies, found, strict=True) if isinstance(result, NothingValid)
        ]:
            raise CannotRely(f"the history cannot be compared: {', '.join(invalid)} was written with another key")
        unavailable = [
            copy.name for copy, result in zip(copies, found, strict=True) if isinstance(result, Unavailable)
        ]
        for result in found:
            if isinstance(result, BaseException) and not isinstance(result, Unavailable):
                raise result
        heads = [result for result in found if isinstance(result, HistoryHead)]
        if not heads and unavailable and self._required and (await self._store.state(())).last.seq:
            raise CannotRely(f"the history cannot be compared: {', '.join(unavailable)} is unavailable")
        return [*heads, self._guard.known]

    async def _go_on(self, history: str, loss: Loss, heads: Sequence[HistoryHead]) -> None:
        if loss != self._logged:
            log.error(
                "history.set_back",
                found_position=loss.found.position.seq,
                lost_position=loss.lost.position.seq,
                found_audit_line=loss.found.audit_seq,
                lost_audit_line=loss.lost.audit_seq,
            )
            self._logged = loss
        self._guard.keep_closed(f"the database was set back: {loss}")
        await self._store.require_whole()
        kept = await self._copies.load() or HistoryContent.nothing_until(loss.lost.position)
        restore = await self._recovery.recover(history, kept, heads)
        if restore is not None:
            log.warning(
                "history.restored",
                resumed_position=restore.resumed_seq,
                objects=restore.report["objects"],
                complete=restore.report["complete"],
            )


async def _head(copy: HistoryCopy) -> HistoryHead | None:
    try:
        async with asyncio.timeout(HEAD_TIMEOUT_S):
            return await copy.head()
    except TimeoutError:
        raise Unavailable(f"{copy.name} does not respond") from None
