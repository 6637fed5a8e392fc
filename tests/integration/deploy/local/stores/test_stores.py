"""The embedded stores: closed to strangers, and with everything that they acknowledged after a kill."""

import asyncio
import os
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest
import redis.asyncio
import redis.exceptions

from deploy.errors import StackError
from deploy.local.stores.postgres import Postgres
from deploy.local.stores.valkey import Valkey
from tests.support.harness.stores import RunningStore, embedded_postgres, embedded_valkey


@pytest.fixture(scope="module")
def postgres() -> Iterator[RunningStore[Postgres]]:
    with embedded_postgres(durable=True) as running:
        yield running


@pytest.fixture(scope="module")
def valkey() -> Iterator[RunningStore[Valkey]]:
    with embedded_valkey() as running:
        yield running


@pytest.mark.parametrize("password", ["", "wrong"])
async def test_postgres_lets_nobody_in_without_the_password(
    postgres: RunningStore[Postgres], password: str
) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(
            host="127.0.0.1", port=postgres.store.port, user="postgres", database="postgres", password=password
        )


@pytest.mark.parametrize("credentials", ["", ":wrong@"])
async def test_valkey_lets_nobody_in_without_the_password(valkey: RunningStore[Valkey], credentials: str) -> None:
    async with redis.asyncio.from_url(f"redis://{credentials}127.0.0.1:{valkey.store.port}") as client:
        with pytest.raises(redis.exceptions.AuthenticationError):
            await client.ping()


async def test_the_stores_do_not_run_as_root_and_their_files_are_their_own(
    postgres: RunningStore[Postgres], valkey: RunningStore[Valkey]
) -> None:
    for running in (postgres, valkey):
        directory = running.store.directory
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
        owner = directory.stat().st_uid
        assert owner != 0 or os.geteuid() == 0
        assert Path(f"/proc/{running.pid}").stat().st_uid == owner


async def test_the_password_is_on_no_command_line(
    postgres: RunningStore[Postgres], valkey: RunningStore[Valkey]
) -> None:
    for running in (postgres, valkey):
        assert running.store.password not in Path(f"/proc/{running.pid}/cmdline").read_text()


async def test_postgres_keeps_what_it_acknowledged_over_a_kill(postgres: RunningStore[Postgres]) -> None:
    await postgres.store.create_owner_and_database()
    dsn = postgres.store.dsn("passgate", "passgate")
    connection = await asyncpg.connect(dsn)
    await connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
    await asyncio.to_thread(postgres.kill)
    await asyncio.to_thread(postgres.start)
    connection = await asyncpg.connect(dsn)
    assert await connection.fetchval("SELECT n FROM kept") == 7
    await connection.close()


async def test_valkey_keeps_what_it_acknowledged_over_a_kill(valkey: RunningStore[Valkey]) -> None:
    async with redis.asyncio.from_url(valkey.store.url()) as client:
        await client.set("kept", "7", ex=60)
    await asyncio.to_thread(valkey.kill)
    await asyncio.to_thread(valkey.start)
    async with redis.asyncio.from_url(valkey.store.url()) as client:
        assert await client.get("kept") == b"7"
        assert 0 < await client.ttl("kept") <= 60


async def test_making_the_owner_and_the_database_again_changes_nothing(postgres: RunningStore[Postgres]) -> None:
    await postgres.store.create_owner_and_database()
    await postgres.store.create_owner_and_database()


async def test_a_lost_password_is_named_as_such(
    postgres: RunningStore[Postgres], valkey: RunningStore[Valkey]
) -> None:
    with pytest.raises(StackError, match="another password"):
        await replace(postgres.store, password="lost").wait_ready(5)
    with pytest.raises(StackError, match="not our Valkey"):
        await replace(valkey.store, password="lost").wait_ready(5)


async def test_a_frozen_store_gives_no_response_until_it_is_thawed(valkey: RunningStore[Valkey]) -> None:
    async with redis.asyncio.from_url(valkey.store.url(), socket_timeout=0.2) as client:
        await client.ping()
        valkey.freeze()
        with pytest.raises(redis.exceptions.TimeoutError):
            await client.ping()
        valkey.thaw()
        assert await client.ping()


def test_a_cluster_of_another_major_version_is_not_touched(postgres: RunningStore[Postgres]) -> None:
    version = postgres.store.data / "PG_VERSION"
    was = version.read_text()
    version.write_text("12\n")
    try:
        with pytest.raises(StackError, match="created by PostgreSQL 12"):
            postgres.store.prepare()
    finally:
        version.write_text(was)


async def test_the_log_of_postgresql_shows_no_value_of_a_row_that_an_error_is_about(
    postgres: RunningStore[Postgres],
) -> None:
    connection = await asyncpg.connect(postgres.store.dsn())
    await connection.execute("CREATE TEMPORARY TABLE t (v text PRIMARY KEY)")
    await connection.execute("INSERT INTO t VALUES ($1)", "a-secret")
    with pytest.raises(asyncpg.UniqueViolationError):
        await connection.execute("INSERT INTO t VALUES ($1)", "a-secret")
    await connection.close()
    log = (postgres.store.directory.parent / "postgres.log").read_text()
    assert "duplicate key value" in log
    assert "a-secret" not in log
