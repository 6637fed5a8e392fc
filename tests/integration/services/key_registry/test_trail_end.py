"""Appending where the trail is expected to end: what was expected wrongly costs a look, and never a line."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from services.key_registry.admin.audit_reader import whole
from services.key_registry.audit_trail.chain import START, verified
from services.key_registry.history.records import HistoryHead, Position
from services.key_registry.storage.postgres import SCHEMA
from services.key_registry.storage.postgres.audit_trail.end import LOOKS, PostgresTrailEnd
from services.key_registry.storage.postgres.audit_trail.lines import PostgresAuditLines
from services.key_registry.storage.postgres.audit_trail.months import PostgresMonths
from services.key_registry.storage.postgres.statements import WRITER_LOCK_ID
from shared.contracts.key_registry import AuditEvent
from shared.errors import Unavailable
from shared.postgres.pool import Database
from tests.integration.services.key_registry.audit_lines import THIS, database, events, write
from tests.integration.services.key_registry.trail_process import Process
from tests.support.harness.key_registry import migrate_to


@pytest.fixture
async def db(registry_database_url: str) -> AsyncIterator[Database]:
    async with database(registry_database_url) as db:
        await write(db, 1, THIS)
        yield db


async def event_ids(db: Database) -> list[str | None]:
    """Of the whole trail, which verifies."""
    lines = [line async for line in whole(PostgresAuditLines(db))]
    assert (await verified(whole(PostgresAuditLines(db)))).seq == len(lines)
    return [line.event_id for line in lines]


def ids(*batches: list[AuditEvent]) -> list[str]:
    return [event.id for batch in batches for event in batch]


async def test_lines_that_are_appended_where_the_trail_was_expected_to_end_follow_it(db: Database) -> None:
    process, batches = await Process.begun(db), [events(n) for n in (1, 3, 500)]
    for batch in batches:
        assert await process.end.append(batch)
    assert (await event_ids(db))[1:] == ids(*batches)


async def test_a_trail_that_ends_elsewhere_is_not_appended_to_before_somebody_has_looked(db: Database) -> None:
    process = await Process.begun(db)
    others = await write(db, 2, THIS)
    mine = events(2)
    assert not await process.end.append(mine)
    assert (await event_ids(db))[1:] == ids(others)
    await process.log.audit(mine)
    assert (await event_ids(db))[1:] == ids(others, mine)


async def test_who_was_mistaken_looks_for_a_while_and_then_expects_again(db: Database) -> None:
    process = await Process.begun(db)
    await write(db, 1, THIS)
    assert not await process.end.append(events(1))
    for _ in range(LOOKS):
        await process.log.audit(events(1))
    assert await process.end.append(events(1))
    assert len(await event_ids(db)) == LOOKS + 3


@pytest.mark.parametrize("known", [1, 3])
async def test_events_that_are_in_the_trail_are_not_written_again(db: Database, known: int) -> None:
    process, first, more = await Process.begun(db), events(3), events(2)
    assert await process.end.append(first)
    batch = [more[0], *first[:known], more[1]]
    assert not await process.end.append(batch)
    await process.log.audit(batch)
    assert (await event_ids(db))[1:] == ids(first, more)


async def test_a_batch_whose_response_was_lost_is_written_once(db: Database) -> None:
    process, unheard, batch = await Process.begun(db), await Process.begun(db), events(3)
    assert await unheard.end.append(batch)
    for _ in range(2):
        await process.log.audit(batch)
    assert (await event_ids(db))[1:] == ids(batch)


async def test_an_event_that_is_twice_in_a_batch_is_written_once(db: Database) -> None:
    process, [event] = await Process.begun(db), events(1)
    await process.log.audit([event, event])
    assert (await event_ids(db))[1:] == [event.id]


async def test_however_many_processes_append_at_once_each_event_is_there_once_in_one_chain(db: Database) -> None:
    processes = [await Process.begun(db) for _ in range(3)]
    batches = [events(3) for _ in range(60)]
    await asyncio.gather(*(processes[n % 3].log.audit(batch) for n, batch in enumerate(batches)))
    written = (await event_ids(db))[1:]
    assert sorted(map(str, written)) == sorted(ids(*batches))
    for batch in batches:
        first = written.index(batch[0].id)
        assert written[first : first + 3] == ids(batch)


async def test_the_first_line_of_a_month_opens_it(registry_database_url: str) -> None:
    async with database(registry_database_url) as db:
        before = (THIS - timedelta(days=1)).replace(day=1)
        await PostgresMonths(db).prepare(before)
        await write(db, 2, before)
        process = await Process.begun(db)
        end = process.guard.known
        assert await process.end.append(events(2))
        last = (await PostgresMonths(db).all())[-1]
        assert (last.month, last.first_seq, last.previous_hash) == (THIS, 3, end.audit_hash)
        assert len(await event_ids(db)) == 4


async def test_an_empty_trail_is_begun_by_a_write_that_looks(registry_database_url: str) -> None:
    async with database(registry_database_url) as db:
        process = await Process.begun(db)
        assert process.guard.known.audit_seq == START.seq
        for _ in range(2):
            await process.log.audit(events(1))
        assert await process.end.append(events(1))
        assert len(await event_ids(db)) == 3


async def test_a_schema_that_is_not_migrated_yet_is_unavailable_and_no_fault(
    database_url: str, tmp_path: Path
) -> None:
    await migrate_to("0039", database_url, tmp_path)
    async with database(database_url) as db:
        await write(db, 1, THIS)
        process = await Process.begun(db)
        with pytest.raises(Unavailable):
            await process.log.audit(events(1))
        assert len(await event_ids(db)) == 1


async def test_a_trail_that_was_cut_off_is_not_gone_on_with(db: Database) -> None:
    process = await Process.begun(db)
    known = process.guard.known
    process.guard.open(HistoryHead(known.position, known.audit_seq + 5, b"x" * 32))
    with pytest.raises(Unavailable):
        await process.log.audit(events(1))
    assert process.guard.closed is not None
    with pytest.raises(Unavailable):
        await process.end.append(events(1))
    assert len(await event_ids(db)) == 1


async def test_a_history_without_a_change_that_was_seen_is_not_gone_on_with(db: Database) -> None:
    process = await Process.begun(db)
    known = process.guard.known
    process.guard.open(HistoryHead(Position(7, "seen"), known.audit_seq, known.audit_hash))
    with pytest.raises(Unavailable):
        await process.log.audit(events(1))
    assert process.guard.closed is not None
    assert len(await event_ids(db)) == 1


async def test_nothing_is_appended_while_another_writer_is_not_done(
    db: Database, registry_database_url: str
) -> None:
    process, impatient = await Process.begun(db), Database(registry_database_url, schema=SCHEMA, timeout=0.2)
    await impatient.start()
    async with db.connection() as connection:
        await connection.execute("SELECT pg_advisory_lock($1)", WRITER_LOCK_ID)
        waiting = asyncio.create_task(process.end.append(events(1)))
        with pytest.raises(Unavailable):
            await PostgresTrailEnd(impatient, process.guard).append(events(1))
        await asyncio.sleep(0.2)  # until the server has given up as well what is not waited for any more
        assert not waiting.done()
        await connection.execute("SELECT pg_advisory_unlock($1)", WRITER_LOCK_ID)
    assert await waiting
    assert len(await event_ids(db)) == 2
    await impatient.stop()
