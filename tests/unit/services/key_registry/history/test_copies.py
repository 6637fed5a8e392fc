"""A write responds once each copy that responds has it, whatever else was unavailable before."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest

from services.key_registry.audit_trail.chain import START
from services.key_registry.history import copies as module
from services.key_registry.history.copies import HistoryCopies
from services.key_registry.history.guard import HistoryGuard
from services.key_registry.history.ports import DatabaseState
from services.key_registry.history.records import ORIGIN, HistoryContent, HistoryHead, Position, StateRecord
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
        self.audited_lines: list[tuple[int, int]] = []
        self.audit_seq = 0
        self.responds = True
        self.released = asyncio.Event()
        self.released.set()

    async def history(self) -> str:
        return "history"

    async def state(self, heads: Sequence[HistoryHead]) -> DatabaseState:
        self.reads.append("state")
        marks = {seq: position(seq).mark for seq in range(1, self.last + 1)}
        return DatabaseState(1, position(self.last), replace(START, seq=self.audit_seq), marks, {})

    async def changed_after(self, after: Position, limit: int) -> tuple[list[StateRecord], Position] | None:
        self.reads.append("changed_after")
        await self.released.wait()
        if not self.responds:
            raise Unavailable("the database is unavailable")
        found = [StateRecord("jwt", f"id{seq}", "revoked", seq) for seq in range(after.seq + 1, self.last + 1)]
        return found, position(self.last)

    async def audited(self, after: int, last: int, seq: int) -> list[StateRecord]:
        self.reads.append("audited")
        self.audited_lines.append((after, last))
        return []

    async def all_stopped(self) -> tuple[list[StateRecord], Position]:
        return [], position(self.last)

    async def require_whole(self) -> None: ...


class Copy:
    name = "copy"

    def __init__(self) -> None:
        self.kept: HistoryContent | None = None
        self.responds = True
        self.released = asyncio.Event()
        """Each call hangs until then."""
        self.released.set()

    def has(self, seq: int) -> bool:
        return self.kept is not None and ("jwt", f"id{seq}") in self.kept.records

    def _require_response(self) -> None:
        if not self.responds:
            raise Unavailable("the copy is unavailable")

    async def head(self) -> HistoryHead | None:
        await self.released.wait()
        self._require_response()
        return None if self.kept is None else self.kept.head

    async def load(self) -> HistoryContent | None:
        await self.released.wait()
        return self.kept

    async def add(self, records: Sequence[StateRecord], head: HistoryHead) -> None:
        await self.released.wait()
        self._require_response()
        self.kept = self.kept or HistoryContent(head)
        self.kept.head = head
        self.kept.add(records)

    async def clear(self) -> None: ...

    async def compact(self, now: float) -> None:
        await self.released.wait()


class Running:
    def __init__(self) -> None:
        self.database, self.copy, guard, self.clock = Database(), Copy(), HistoryGuard(), FakeClock()
        guard.open(HistoryHead(ORIGIN))
        self.copies = HistoryCopies(self.database, guard, self.clock)
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
    assert running.copies.number_up == 0
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
    await until(lambda: running.copies.number_up == 0)
    assert not write.done()
    running.database.responds = True
    assert running.copy.has(await write)


async def test_a_write_does_not_wait_for_a_copy_that_failed_and_waits_again_once_it_responds(
    running: Running,
) -> None:
    running.copy.responds = False
    await running.write()
    assert running.copies.number_up == 0
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
    assert running.database.reads == ["changed_after", "state", "audited"]
    assert [state.reached for state in running.copies.states] == [position(1)] * 2


@pytest.fixture
async def two_copies() -> AsyncIterator[tuple[Running, Copy, Copy]]:
    """The second one is the slow one. A write waits for half a second at most."""
    running, first, slow = Running(), Copy(), Copy()
    running.copies.use([first, slow])
    await running.copies.run_once()
    await running.copies.task.start()
    yield running, first, slow
    slow.released.set()
    await running.copies.task.stop()
    await running.copies.finish()


async def test_each_write_is_in_a_copy_that_responds_while_another_one_hangs(
    two_copies: tuple[Running, Copy, Copy],
) -> None:
    running, first, slow = two_copies
    slow.released.clear()
    for _ in range(3):
        assert first.has(await running.write())


async def test_each_write_is_in_a_copy_that_responds_while_a_lost_one_is_filled(
    two_copies: tuple[Running, Copy, Copy], monkeypatch: pytest.MonkeyPatch
) -> None:
    running, first, slow = two_copies
    monkeypatch.setattr(slow, "add", lambda records, head: slow.released.wait())
    slow.kept = None
    await running.write()
    slow.released.clear()
    for _ in range(3):
        assert first.has(await running.write())


async def test_a_copy_that_hung_has_what_was_written_meanwhile(
    two_copies: tuple[Running, Copy, Copy],
) -> None:
    running, _, slow = two_copies
    slow.released.clear()
    written = [await running.write() for _ in range(3)]
    assert not slow.has(written[-1])
    slow.released.set()
    written.append(await running.write())
    assert all(slow.has(seq) for seq in written)


async def test_each_write_is_in_a_copy_that_responds_while_another_one_is_compacted(
    two_copies: tuple[Running, Copy, Copy], monkeypatch: pytest.MonkeyPatch
) -> None:
    running, first, slow = two_copies
    compacting = asyncio.Event()

    async def compact(now: float) -> None:
        compacting.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(slow, "compact", compact)
    running.clock.advance(module.COMPACT_INTERVAL_S)
    await running.write()
    async with asyncio.timeout(10):
        await compacting.wait()
    assert first.has(await running.write())


async def test_a_copy_that_hangs_is_left_out_of_what_all_have_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FILL_TIMEOUT_S", 0.05)
    first, slow = Copy(), Copy()
    await first.add([StateRecord("jwt", "id1", "revoked", 1)], HistoryHead(position(1)))
    slow.released.clear()
    async with asyncio.timeout(10):
        kept = await HistoryCopies.loaded([first, slow])
    assert kept is not None
    assert kept.head.position == position(1)


async def test_no_audit_line_is_left_out_that_was_written_between_the_reads_of_two_copies() -> None:
    """They are equally far in the feed and differ in their horizon, and the second one is slower."""
    running, first, slow = Running(), Copy(), Copy()
    running.copies.use([first, slow])
    await running.copies.run_once()
    assert first.kept is not None and slow.kept is not None  # noqa: PT018
    slow.kept.head = replace(slow.kept.head, horizon=7)
    running.database.last, running.database.audit_seq = 1, 1
    slow.released.clear()
    round_ = asyncio.create_task(running.copies.run_once())
    await until(lambda: first.has(1))
    running.database.audit_seq = 2
    slow.released.set()
    await round_
    assert slow.kept.head.audit_seq == 2
    assert (0, 2) in running.database.audited_lines


async def test_no_audit_line_is_left_out_that_was_written_while_a_copy_was_filled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    running, all_stopped = Running(), Database.all_stopped
    running.database.audit_seq = 4

    async def all_stopped_with_a_line_after_it(database: Database) -> tuple[list[StateRecord], Position]:
        found = await all_stopped(database)
        database.audit_seq = 5
        return found

    monkeypatch.setattr(Database, "all_stopped", all_stopped_with_a_line_after_it)
    await running.copies.run_once()
    running.clock.advance(module.AUDIT_HEAD_INTERVAL_S)
    await running.copies.run_once()
    assert (4, 5) in running.database.audited_lines
