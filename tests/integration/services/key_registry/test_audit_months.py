"""A trail from before there were months, and its months afterwards: one chain, whatever wrote its lines."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import asyncpg
import orjson
import pytest
from uuid_utils.compat import uuid7

from services.key_registry.admin.audit_reader import whole
from services.key_registry.audit_trail.chain import START, AuditFilter, Head, Line, chained, verified
from services.key_registry.audit_trail.months import following
from services.key_registry.recording.recorder import AuditLog
from services.key_registry.storage.postgres import SCHEMA
from services.key_registry.storage.postgres.audit_trail.lines import PostgresAuditLines, head_and_written, head_of
from services.key_registry.storage.postgres.audit_trail.months import PostgresMonths
from services.key_registry.storage.postgres.store import PostgresStore
from shared.postgres.pool import Database
from tests.integration.services.key_registry.audit_lines import FILTERS, THIS, database, events, write
from tests.support.harness.key_registry import migrate, migrate_to

COLUMNS = (
    *("seq", "at", "action", "actor", "subject_kind", "subject", "company_id", "request_id", "detail"),
    *("previous_hash", "hash", "event_id"),
)
BEFORE = "0008"
NEXT = following(THIS)


async def insert_as_before(connection: asyncpg.Connection, lines: Sequence[Line]) -> None:
    """By the statement of the release before, as far as it matters."""
    numbers = ", ".join(f"${n}" for n in range(1, len(COLUMNS) + 1))
    for line in lines:
        members = {**{name: getattr(line, name) for name in COLUMNS}, "detail": orjson.dumps(line.detail).decode()}
        await connection.execute(
            f"INSERT INTO {SCHEMA}.audit ({', '.join(COLUMNS)}) VALUES ({numbers})", *members.values()
        )


async def partitions(db: Database) -> dict[str, int]:
    async with db.connection() as connection:
        found = await connection.fetch("SELECT tableoid::regclass::text, count(*) FROM audit_line GROUP BY 1")
    return dict(map(tuple, found))


async def test_a_trail_from_before_is_taken_over_as_it_is_and_goes_on_by_months(
    database_url: str, tmp_path: Path
) -> None:
    await migrate_to(BEFORE, database_url, tmp_path)
    connection = await asyncpg.connect(database_url)
    first = list(chained(START, events(3)))
    await insert_as_before(connection, first)
    file = await connection.fetchval(f"SELECT pg_relation_filepath('{SCHEMA}.audit')")
    await migrate(database_url)
    assert await connection.fetchval(f"SELECT pg_relation_filepath('{SCHEMA}.audit_line_before')") == file
    await insert_as_before(connection, list(chained(Head(3, first[-1].hash), events(2))))  # not replaced yet
    async with database(database_url) as db:
        await AuditLog(PostgresStore(db, timeout=30)).audit(events(2))
        assert await partitions(db) == {"audit_line_before": 7}
        await PostgresMonths(db).prepare(THIS, NEXT)
        await write(db, 3, NEXT)
        await insert_as_before(connection, list(chained(await _head(db), events(1))))
        assert await partitions(db) == {"audit_line_before": 7, f"audit_line_{NEXT:%Y_%m}": 4}
        lines = PostgresAuditLines(db)
        assert (await verified(whole(lines))).seq == 11
        shown = await connection.fetch(f"SELECT seq, previous_hash, hash FROM {SCHEMA}.audit ORDER BY seq")
        assert [r["previous_hash"] for r in shown] == [START.hash, *(r["hash"] for r in shown[:-1])]
        for name, value in FILTERS.items():
            found = await lines.newest(AuditFilter(**{name: value}), 10, 4)  # type: ignore[arg-type]
            assert [line.seq for line in found] == [9, 8, 7, 6], name
            assert [line.previous_hash for line in found[:-1]] == [line.hash for line in found[1:]]
    await connection.close()


async def _head(db: Database) -> Head:
    async with db.connection() as connection:
        return await head_of(connection)


async def test_an_event_is_written_once_also_when_it_is_sent_again_in_the_next_month(
    registry_database_url: str,
) -> None:
    async with database(registry_database_url) as db:
        await PostgresMonths(db).prepare(THIS, NEXT)
        sent = [event.id for event in await write(db, 2, THIS)] + [event.id for event in await write(db, 1, NEXT)]
        async with db.connection() as connection:
            head, written = await head_and_written(connection, [*sent, str(uuid7())])
            assert written == set(sent)
            assert head == await head_of(connection)


async def test_lines_of_a_month_that_has_no_partition_go_to_the_one_before(registry_database_url: str) -> None:
    async with database(registry_database_url) as db:
        await write(db, 1, NEXT)
        await PostgresMonths(db).prepare(THIS, NEXT)
        await write(db, 1, NEXT)
        await write(db, 1, THIS)  # a clock that was set back opens no month again
        assert await partitions(db) == {f"audit_line_{THIS:%Y_%m}": 1, f"audit_line_{NEXT:%Y_%m}": 2}
        assert (await verified(whole(PostgresAuditLines(db)))).seq == 3


async def test_months_may_be_prepared_by_all_copies_at_once_and_again(registry_database_url: str) -> None:
    async with database(registry_database_url) as db:
        await asyncio.gather(*(PostgresMonths(db).prepare(THIS, NEXT) for _ in range(4)))
        async with db.connection() as connection:
            months = await connection.fetch("SELECT month FROM audit_month ORDER BY 1")
        assert [record[0] for record in months] == [THIS, NEXT]


@pytest.mark.parametrize("name", [name for name in FILTERS if name != "subject_kind"])
async def test_each_filter_is_read_by_an_index_newest_first(registry_database_url: str, name: str) -> None:
    """With a hash of the text and a block of lines in the index, never by sorting all lines that match."""
    from services.key_registry.storage.postgres.audit_trail import lines as audit_lines

    async with database(registry_database_url) as db, db.transaction() as connection:
        await connection.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        which = AuditFilter(**{name: FILTERS[name]})  # type: ignore[arg-type]
        statement, values = audit_lines._newest(which, None, 50, compact=True)
        plan = await connection.fetch(f"EXPLAIN {statement}", THIS, *values)
        text = "\n".join(record[0] for record in plan)
        assert f"Index Scan Backward using audit_line_{THIS:%Y_%m}_{name}" in text, text
        assert "Incremental Sort" in text, text
