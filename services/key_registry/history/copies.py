"""Keeps each copy outside the database up to date with the change feed.

As the relay does for the stream: at once after this process's own changes, and on a schedule for those of others.
A copy that is lost is filled anew from the database and the other copies. None waits for another one.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import structlog

from services.key_registry.history.comparison import is_lost
from services.key_registry.history.copy_state import CopyState
from services.key_registry.history.guard import HistoryGuard
from services.key_registry.history.ports import HistoryCopy, HistoryStore
from services.key_registry.history.records import ORIGIN, HistoryContent, HistoryHead, Position, StateRecord, merged
from services.key_registry.history.shared_reads import SharedReads
from shared.background_task import PeriodicTask
from shared.clock import Clock
from shared.errors import Unavailable

log = structlog.get_logger()

COPY_INTERVAL_S = 0.5
"""Seconds between two looks for what other copies of the registry have committed."""
AUDIT_HEAD_INTERVAL_S = 1.0
"""Seconds for which the end of the audit trail may be further than the copies say, while nothing else changes."""
COMPACT_INTERVAL_S = 60.0
WAIT_S = 0.5
"""Seconds that a write waits for the copies at most, once it is durable."""
RETRY_INTERVAL_S = 0.05
"""Between two attempts while a write waits for a copy that responds, and the database does not."""
COPY_TIMEOUT_S = 5.0
"""Seconds for one look into a copy, or one page of changes."""
FILL_TIMEOUT_S = 120.0
"""Seconds for all that is known, which may be hundreds of thousands of records."""
PAGE_SIZE = 1000
ROUND_S = 0.1
"""Seconds after which a round leaves a copy that is slow to itself, and the others have the next one."""


class HistoryCopies:
    def __init__(self, store: HistoryStore, guard: HistoryGuard, clock: Clock) -> None:
        self._store = store
        self._guard = guard
        self._clock = clock
        self.states: list[CopyState] = []
        self._round = asyncio.Event()
        self._wake = asyncio.Event()
        self._reads = SharedReads()
        """Of the round that began last."""
        self.task = PeriodicTask("history_copies", self._run_round, interval=COPY_INTERVAL_S, wake=self._wake)

    def use(self, copies: Sequence[HistoryCopy]) -> None:
        """From now on these are kept up to date."""
        self.states = [CopyState(copy, self._update, self._clock.monotonic()) for copy in copies]

    def wake(self) -> None:
        """Something was committed."""
        self._wake.set()

    async def wait_for(self, seq: int) -> None:
        """Returns when each copy that responds has the change, or after `WAIT_S` seconds."""
        self.wake()
        with suppress(TimeoutError):
            async with asyncio.timeout(WAIT_S):
                while behind := [state for state in self.states if state.lacks(seq)]:
                    await self._round.wait()
                    if not all(state.up for state in behind):
                        await asyncio.sleep(RETRY_INTERVAL_S)
                    if any(state.lacks(seq) and not state.update.running for state in behind):
                        self.wake()

    @property
    def number_up(self) -> int:
        """How many copies are kept up to date."""
        return sum(state.up is True for state in self.states)

    async def check(self) -> None:
        """For health: raises `Unavailable` naming the copies that are not kept up to date."""
        if not self.states:
            raise Unavailable("the copies of the history are not in use yet")
        if down := [state.copy.name for state in self.states if not state.up]:
            raise Unavailable(f"the history is not copied to: {', '.join(down)}")

    async def run_once(self) -> None:
        """Until each copy has all that was committed before, or has failed."""
        for state in self.states:
            await state.update.drain(FILL_TIMEOUT_S)
        await self._run_round(patience=None)

    async def _run_round(self, patience: float | None = ROUND_S) -> None:
        """Nothing is copied of a history that is not relied upon."""
        if self._guard.closed is None and self.states:
            self._reads = SharedReads()
            ended, _ = await asyncio.wait([state.update.begin() for state in self.states], timeout=patience)
            for update in ended:
                update.result()

    async def finish(self) -> None:
        """The last copy: with the end of the audit trail as it is when the process ends."""
        for state in self.states:
            await state.update.stop()
            state.head_written_at = float("-inf")
        with suppress(Unavailable):
            await self.run_once()

    async def load(self) -> HistoryContent | None:
        """What all copies that are available have together; None where there is nothing."""
        return await self.loaded([state.copy for state in self.states])

    @staticmethod
    async def loaded(copies: Sequence[HistoryCopy]) -> HistoryContent | None:
        """The same of these."""
        found = await asyncio.gather(*map(_load, copies))
        return await asyncio.to_thread(merged, [kept for kept in found if kept is not None])

    async def _fill(self, state: CopyState) -> HistoryHead:
        """Write all that is known into a copy: what the database has, and what the other copies have beside it.

        When something was revoked the database does not say. What it has may be of a restore, which keeps stopped
        also what was so before the dump: another restore of that dump is not to call it lost.
        """
        audit = (await self._store.state(())).audit  # first: what people do meanwhile is in lines after it
        stopped, position = await self._store.all_stopped()
        others = [other.copy for other in self.states if other is not state]
        known = await self.loaded(others) or await self._of_the_feed(position)
        own = await _load(state.copy)
        await asyncio.to_thread(_add_stopped, known, stopped, own)
        head = HistoryHead(position, audit.seq, audit.hash, known.head.horizon)
        self._guard.require_open()
        async with state.used_within(FILL_TIMEOUT_S):
            await state.copy.add(list(known.records.values()), head)
        state.reached = position
        log.info("history_copy.filled", copy=state.copy.name, records=len(known.records), horizon=head.horizon)
        return head

    async def _of_the_feed(self, position: Position) -> HistoryContent:
        """Where nothing is known outside yet: all changes, unless the feed has lost its first ones."""
        kept, reached = HistoryContent(HistoryHead(position)), ORIGIN
        while (changed := await self._store.changed_after(reached, PAGE_SIZE)) is not None:
            records, reached = changed
            await asyncio.to_thread(kept.add, records)
            if not records or reached.seq >= position.seq:
                return kept
        return HistoryContent.nothing_until(position)

    async def _update(self, state: CopyState) -> None:
        try:
            await self._bring_up(state, self._reads)
        except (Unavailable, TimeoutError) as error:
            state.set_up(up=False, detail=error.detail if isinstance(error, Unavailable) else "it does not respond")
        except Exception:
            state.up = False
            raise
        else:
            state.set_up(up=True)
        finally:
            finished, self._round = self._round, asyncio.Event()
            finished.set()
        await self._compact(state)

    async def _bring_up(self, state: CopyState, reads: SharedReads) -> None:
        """Until the copy has the newest change. Raises `Unavailable`, and `TimeoutError`."""
        async with state.used_within(COPY_TIMEOUT_S):
            head = await state.copy.head()
            if head is None:
                await state.copy.clear()
        if head is None:
            head = await self._fill(state)
        while (changed := await reads.once(self._store.changed_after, head.position, PAGE_SIZE)) is not None:
            self._guard.require_open()
            _, newest = changed
            is_last = newest.seq - head.position.seq < PAGE_SIZE
            head = await self._write(state, head, changed, reads)
            state.reached = newest
            if is_last:
                return
        known = await self._store.state([head])
        if is_lost(head, known):
            self._guard.suspect(head.position, known.last.seq)
        await self._fill(state)

    async def _write(
        self, state: CopyState, head: HistoryHead, changed: tuple[list[StateRecord], Position], reads: SharedReads
    ) -> HistoryHead:
        """The head as the copy has it then."""
        (records, newest), now = changed, self._clock.monotonic()
        if not records and now - state.head_written_at < AUDIT_HEAD_INTERVAL_S:
            return head
        known = await reads.once(self._store.state, (head,))
        if is_lost(head, known):
            self._guard.suspect(head.position, known.last.seq)
        further = HistoryHead(newest, known.audit.seq, known.audit.hash, head.horizon)
        if further != head:
            people = await reads.once(self._store.audited, head.audit_seq, known.audit.seq, newest.seq)
            async with state.used_within(COPY_TIMEOUT_S):
                await state.copy.add([*records, *people], further)
        state.head_written_at = now
        return further

    async def _compact(self, state: CopyState) -> None:
        if self._clock.monotonic() - state.compacted_at < COMPACT_INTERVAL_S:
            return
        state.compacted_at = self._clock.monotonic()
        with suppress(Unavailable, TimeoutError):
            async with state.used_within(FILL_TIMEOUT_S):
                await state.copy.compact(self._clock.now())


def _add_stopped(known: HistoryContent, stopped: Sequence[StateRecord], own: HistoryContent | None) -> None:
    for kept in (known,) if own is None else (known, own):
        stopped = [kept.since_when(record) for record in stopped]
    known.add(stopped)


async def _load(copy: HistoryCopy) -> HistoryContent | None:
    """None also when it is not available."""
    with suppress(Unavailable, TimeoutError):
        async with asyncio.timeout(FILL_TIMEOUT_S):
            return await copy.load()
    return None
