"""What is over is deleted however much it is: no amount is too much for the time-out of a statement."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from services.key_registry.storage.postgres import SCHEMA, pruning
from services.key_registry.storage.postgres.changes import PostgresChanges
from services.key_registry.storage.postgres.consumers import PostgresConsumers
from shared.errors import Unavailable
from shared.postgres.pool import Database
from tests.support.waiting import BUSY_MACHINE_LIMIT_S, until

ROWS = 600
STATEMENT_TIMEOUT_S = 0.3
"""Less than all rows of a table take, and much more than a batch of them."""
FILL = {
    "change": "INSERT INTO change (seq, kind, id, status, at) SELECT n, 'company', 'c', 'active', 1",
    "revocation": "INSERT INTO revocation (kind, id, until, reason, at) SELECT 'jwt', n::text, 1, '', 1",
    "credential_version": """
        INSERT INTO credential_version (credential_id, version, kind, digest, created_at, retires_at)
        SELECT '00000000-0000-0000-0000-000000000001', n, 'access_key', sha256(n::text::bytea), 'epoch',
            CASE WHEN n < 600 THEN 'epoch'::timestamptz END
    """,
    "report": "INSERT INTO report (instance, position, mark, at) SELECT 'gone', n, '', 1",
}
SLOW = """
CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.001); RETURN OLD; END';
CREATE TRIGGER slow BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION slow();
"""


@pytest.fixture
async def connection(registry_database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """Without a time-out."""
    connection = await asyncpg.connect(registry_database_url, server_settings={"search_path": SCHEMA})
    yield connection
    await connection.close(timeout=10)


@pytest.fixture
async def database(registry_database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    monkeypatch.setattr(pruning, "ROWS_PER_STATEMENT", 20)
    database = Database(registry_database_url, schema=SCHEMA, timeout=STATEMENT_TIMEOUT_S)
    await database.start()
    yield database
    await database.stop()


async def fill(connection: asyncpg.Connection, table: str) -> None:
    await connection.execute(
        "INSERT INTO consumer (instance, service, position, mark, joined_at, reported_at)"
        " VALUES ('gone', 'gateway', 1, '', 1, 1)"
    )
    await connection.execute(f"{FILL[table]} FROM generate_series(1, {ROWS}) n")
    await connection.execute(SLOW.format(table=table))


async def count(connection: asyncpg.Connection, table: str) -> int:
    return int(await connection.fetchval(f"SELECT count(*) FROM {table}"))


async def prune(database: Database) -> None:
    await PostgresChanges(database).prune(
        changes_before=2, revocations_before=2, idempotency_before=2, versions_before=2
    )
    await PostgresConsumers(database).prune(silent_since=2, reports_before=0)


async def pruned(database: Database) -> bool:
    """False when a busy machine made even a batch too slow: the next round goes on."""
    try:
        await prune(database)
    except Unavailable:
        return False
    return True


@pytest.mark.parametrize(
    ("table", "left"), [("change", 1), ("revocation", 0), ("report", 0), ("credential_version", 1)]
)
async def test_more_than_one_statement_could_delete_in_time_is_deleted(
    database: Database, connection: asyncpg.Connection, table: str, left: int
) -> None:
    await fill(connection, table)
    with pytest.raises(Unavailable):  # such is the table: all at once is too much
        async with database.connection() as impatient:
            await impatient.execute(f"DELETE FROM {table}")
    assert await count(connection, table) == ROWS
    await until(lambda: pruned(database))
    assert (await count(connection, table), await count(connection, "consumer")) == (left, 0)


async def test_a_table_that_cannot_be_pruned_keeps_no_other_from_it(
    database: Database, connection: asyncpg.Connection
) -> None:
    await fill(connection, "revocation")
    await connection.execute("ALTER TABLE change RENAME TO change_away")

    async def others_pruned() -> bool:
        with pytest.raises(Unavailable):
            await prune(database)
        return await count(connection, "revocation") == 0

    await until(others_pruned)


async def test_a_round_ends_in_time_and_the_next_goes_on(
    registry_database_url: str,
    database: Database,
    connection: asyncpg.Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await fill(connection, "revocation")
    monkeypatch.setattr(pruning, "TABLE_S", 0.0)
    patient = Database(registry_database_url, schema=SCHEMA, timeout=BUSY_MACHINE_LIMIT_S)
    await patient.start()
    for rounds in (1, 2):
        await prune(patient)
        assert await count(connection, "revocation") == ROWS - 20 * rounds
    await patient.stop()
