import asyncio
import textwrap
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import pytest

from shared.errors import Unavailable
from shared.postgres import migrations
from shared.postgres.migrations import migrate
from shared.postgres.pool import Database
from tests.support.harness.proxy import FaultProxy
from tests.support.waiting import BUSY_MACHINE_LIMIT_S, until


@pytest.fixture
async def proxy(database_url: str) -> AsyncIterator[FaultProxy]:
    url = urlsplit(database_url)
    async with FaultProxy(url.hostname or "", url.port or 0) as proxy:
        yield proxy


@pytest.fixture
async def database(database_url: str, proxy: FaultProxy) -> AsyncIterator[Database]:
    url = urlsplit(database_url)
    credentials, _, _ = url.netloc.rpartition("@")
    dsn = urlunsplit(url._replace(netloc=f"{credentials}@127.0.0.1:{proxy.port}"))
    database = Database(dsn, schema="public", size=3, timeout=0.8)
    await database.start()
    yield database
    await database.stop()


@pytest.mark.parametrize("fault", ["cut", "swallow"])
@pytest.mark.parametrize("way", ["connection", "transaction"])
async def test_database_away_is_unavailable_within_its_timeout_and_back_by_itself(
    database: Database, proxy: FaultProxy, fault: str, way: str
) -> None:
    async with database.connection() as connection:
        await connection.execute("SELECT 1")
    getattr(proxy, fault)()
    async with asyncio.timeout(BUSY_MACHINE_LIMIT_S):
        with pytest.raises(Unavailable):
            async with getattr(database, way)() as connection:
                await connection.execute("SELECT 1")
    proxy.restore()
    await until(lambda: serves(database))


async def serves(database: Database) -> bool:
    try:
        async with database.connection() as connection:
            return bool(await connection.fetchval("SELECT 1") == 1)
    except Unavailable:
        return False


async def test_silence_after_the_response_does_not_spoil_it(database: Database, proxy: FaultProxy) -> None:
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT 1") == 1
        proxy.swallow()


async def test_exhausted_pool_is_unavailable_within_its_timeout(database: Database) -> None:
    served: list[None] = []

    async def hold() -> None:
        async with database.connection():
            served.append(None)
            await asyncio.Event().wait()

    async with asyncio.timeout(BUSY_MACHINE_LIMIT_S):
        results = await asyncio.gather(*(hold() for _ in range(12)), return_exceptions=True)
    assert {type(result) for result in results} == {Unavailable}
    assert 3 <= len(served) < 12
    await until(lambda: serves(database))


async def test_failed_transaction_leaves_nothing_and_its_connection_is_usable(database: Database) -> None:
    async with database.connection() as connection:
        await connection.execute("CREATE TABLE t (n int)")
    with pytest.raises(RuntimeError):
        async with database.transaction() as connection:
            await connection.execute("INSERT INTO t VALUES (1)")
            raise RuntimeError
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM t") == 0


async def test_wrong_statement_is_an_error_and_not_an_outage(database: Database) -> None:
    with pytest.raises(asyncpg.PostgresSyntaxError):
        async with database.connection() as connection:
            await connection.execute("SELEC 1")


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 1 FROM absent",
        "SELECT absent FROM old",
        "INSERT INTO old (n, absent) VALUES (1, 1)",
        "INSERT INTO old VALUES (1) ON CONFLICT (n) DO NOTHING",
        "INSERT INTO old VALUES (1) ON CONFLICT ON CONSTRAINT absent DO NOTHING",
        "SELECT absent(1)",
        "SELECT 1 FROM absent.old",
    ],
)
async def test_what_a_schema_lacks_that_is_not_migrated_yet_is_unavailable(
    database: Database, statement: str
) -> None:
    async with database.connection() as connection:
        await connection.execute("CREATE TABLE IF NOT EXISTS old (n int)")
    with pytest.raises(Unavailable):
        async with database.connection() as connection:
            await connection.execute(statement)


def write_revision(folder: Path, script: str) -> None:
    (folder / "versions").mkdir()
    (folder / "versions" / "0001_first.py").write_text(
        textwrap.dedent(
            f"""
            from shared.postgres.migrations import execute_script
            revision, down_revision = "0001", None
            def upgrade():
                execute_script({script!r})
            """
        )
    )


def test_a_migration_may_take_longer_than_the_wait_for_another_one(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "LOCK_TIMEOUT_S", 1.0)
    write_revision(tmp_path, "CREATE TABLE large (n int); SELECT pg_sleep(2)")
    with ThreadPoolExecutor(2) as threads:
        runs = [threads.submit(migrate, database_url, schema="things", folder=tmp_path) for _ in range(2)]
        ended = [run.exception() for run in runs]
    assert [type(error) for error in ended if error] == [TimeoutError]
    assert migrate(database_url, schema="things", folder=tmp_path) == "0001"


def test_migrations_run_twice_at_once_apply_once(database_url: str, tmp_path: Path) -> None:
    write_revision(tmp_path, "CREATE TABLE thing (n int); INSERT INTO thing VALUES (1)")
    with ThreadPoolExecutor(2) as threads:
        runs = [threads.submit(migrate, database_url, schema="things", folder=tmp_path) for _ in range(2)]
        assert [run.result() for run in runs] == ["0001", "0001"]

    async def count() -> int:
        connection = await asyncpg.connect(database_url)
        try:
            return int(await connection.fetchval("SELECT count(*) FROM things.thing"))
        finally:
            await connection.close()

    assert asyncio.run(count()) == 1


async def asked_on_a_new_connection(dsn: str, query: str, *given: object) -> tuple[object, list[str]]:
    """The query's value, and all that the connection sent for it."""
    database, sent = Database(dsn, schema="public", size=1), list[str]()
    await database.start()
    async with database.connection() as connection:
        connection.add_query_logger(lambda record: sent.append(record.query))
        value = await connection.fetchval(query, *given)
    await database.stop()
    return value, sent


async def test_a_new_connection_does_not_ask_again_what_postgresqls_own_types_are(database_url: str) -> None:
    ids, query = [uuid4(), uuid4()], "SELECT $1::uuid[]"
    await asked_on_a_new_connection(database_url, query, ids)
    assert await asked_on_a_new_connection(database_url, query, ids) == (ids, [query])


async def test_a_type_of_ones_own_is_asked_for_on_each_connection(database_url: str, database: Database) -> None:
    query = "SELECT ARRAY['fair']::weather[]"
    for _ in range(2):
        async with database.connection() as connection:
            await connection.execute("DROP TYPE IF EXISTS weather; CREATE TYPE weather AS ENUM ('fair', 'foul')")
        value, sent = await asked_on_a_new_connection(database_url, query)
        assert value == ["fair"]
        assert len(sent) > 1
