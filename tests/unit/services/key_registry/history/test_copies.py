"""A write responds once each copy that responds has it, whatever else was unavailable before."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from services.key_registry.audit_trail.chain import START
from services.key_registry.history import copies as module
from services.key_registry.history.copies import HistoryCopies
from services.key_registry.history.guard import HistoryGuard
from services.key_registry.history.ports import DatabaseState
from services.key_registry.history.records import ORIGIN, HistoryHead, Kept, Position, StateRecord
from shared.errors import Unavailable
from tests.support.clock import FakeClock
from tests.support.waiting import until


def position(seq: int) -> Position:
    return Position(seq, f"mark{seq}") if seq else ORIGIN


class Database:
    """With a change at each position up to `last`."""

    def __init__(self) -> None:
        self.last = 0
        self.reads: list[str] = []
        self.responds = True
        self.released = asyncio.Event()
        self.released.set()

    async def history(self) -> str:
        return "history"

    async def state(self, heads: Sequence[HistoryHead]) -> DatabaseState:
        self.reads.append("state")
        marks = {seq: position(seq).mark for seq in range(1, self.last + 1)}
        return DatabaseState(1, position(self.last), START, marks, {})

    async def changed_after(self, after: Position, limit: int) -> tuple[list[StateRecord], Position] | None:
        self.reads.append("changed_after")
        await self.released.wait()
        if not self.responds:
            raise Unavailable("the database is unavailable")
        found = [StateRecord("jwt", f"id{seq}", "revoked", seq) for seq in range(after.seq + 1, self.last + 1)]
        return found, position(self.last)

    async def audited_after(self, audit_seq: int, seq: int) -> list[StateRecord]:
        self.reads.append("audited_after")
        return []

    async def all_stopped(self) -> tuple[list[StateRecord], Position]:
        return [], position(self.last)

    async def require_whole(self) -> None: ...


class Copy:
    name = "copy"

    def __init__(self) -> None:
        self.kept: Kept | None = None
        self.responds = True

    def has(self, seq: int) -> bool:
        return self.kept is not None and ("jwt", f"id{seq}") in self.kept.records

    def _require_response(self) -> None:
        if not self.responds:
            raise Unavailable("the copy is unavailable")

    async def head(self) -> HistoryHead | None:
        self._require_response()
        return None if self.kept is None else self.kept.head

    async def load(self) -> Kept | None:
        return self.kept

    async def add(self, records: Sequence[StateRecord], head: HistoryHead) -> None:
        self._require_response()
        self.kept = self.kept or Kept(head)
        self.kept.head = head
        self.kept.add(records)

    async def clear(self) -> None: ...

    async def compact(self, now: float) -> None: ...


class Running:
    def __init__(self) -> None:
        self.database, self.copy, guard = Database(), Copy(), HistoryGuard()
        guard.open(HistoryHead(ORIGIN))
        self.copies = HistoryCopies(self.database, guard, FakeClock())
        self.copies.use([self.copy])

    async def write(self) -> int:
        """Returns when a write at the next position responds."""
        self.database.last = seq = self.database.last + 1
        await self.copies.wait_for(seq)
        return seq


@pytest.fixture
async def running(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Running]:
    """A write waits for as long as it may have to; no round comes but by a write, or as a test makes it."""
    monkeypatch.setattr(module, "WAIT_S", 600.0)
    monkeypatch.setattr(module, "COPY_INTERVAL_S", 600.0)
    running = Running()
    await running.copies.run_once()
    await running.copies.task.start()
    yield running
    await running.copies.task.stop()


async def test_a_write_after_the_database_was_unavailable_waits_for_the_copy(running: Running) -> None:
    running.database.responds = False
    await running.copies.run_once()
    assert running.copies.up == 0
    running.database.responds = True
    running.database.released.clear()
    write = asyncio.create_task(running.write())
    await asyncio.sleep(0.1)
    assert not write.done()
    running.database.released.set()
    assert running.copy.has(await write)


async def test_a_write_that_waits_has_the_copy_tried_again_until_the_database_responds(running: Running) -> None:
    running.database.responds = False
    write = asyncio.create_task(running.write())
    await until(lambda: running.copies.up == 0)
    assert not write.done()
    running.database.responds = True
    assert running.copy.has(await write)


async def test_a_write_does_not_wait_for_a_copy_that_failed_and_waits_again_once_it_responds(
    running: Running,
) -> None:
    running.copy.responds = False
    await running.write()
    assert running.copies.up == 0
    async with asyncio.timeout(10):
        assert not running.copy.has(await running.write())
    running.copy.responds = True
    await running.copies.run_once()
    assert running.copy.has(await running.write())


async def test_a_write_before_the_first_round_waits_for_the_copy() -> None:
    running = Running()
    await running.copies.task.start()
    assert running.copy.has(await running.write())
    await running.copies.task.stop()


async def test_what_two_copies_need_of_the_database_is_read_once_a_round(running: Running) -> None:
    await running.copies.task.stop()
    running.copies.use([Copy(), Copy()])
    await running.copies.run_once()
    running.database.reads.clear()
    running.database.last += 1
    await running.copies.run_once()
    assert running.database.reads == ["changed_after", "state", "audited_after"]
    assert [state.reached for state in running.copies.states] == [position(1)] * 2
