"""A dump holds all, a restore brings all of it back or changes nothing."""

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from tests.integration.deploy.cli.conftest import Run
from tests.support.harness.registry_databases import RegistryTemplate


@pytest.fixture
async def database(
    registry_template: RegistryTemplate, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[asyncpg.Connection]:
    async with registry_template.copy() as url:
        monkeypatch.setenv("PASSGATE_DATABASE_URL", url)
        connection = await asyncpg.connect(url)
        await connection.execute("CREATE TABLE key_registry.kept (word text)")
        await connection.execute("INSERT INTO key_registry.kept VALUES ('before')")
        yield connection
        await connection.close()


async def words(database: asyncpg.Connection) -> list[str]:
    return [row["word"] for row in await database.fetch("SELECT word FROM key_registry.kept ORDER BY 1")]


async def test_a_restore_brings_back_what_was_backed_up(
    passgate: Run, database: asyncpg.Connection, tmp_path: Path
) -> None:
    status, output, errors = await passgate("backup", "one.dump")
    assert (status, errors) == (0, "")
    assert "var/secrets" in output
    assert (tmp_path / "one.dump").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["one.dump"]
    await database.execute("INSERT INTO key_registry.kept VALUES ('later')")
    status, _, errors = await passgate("restore", "one.dump")
    assert status == 2, "nobody is there to be asked"
    assert "give --yes (make restore YES=1)" in errors
    assert await words(database) == ["before", "later"]
    status, output, errors = await passgate("restore", "one.dump", "--yes")
    assert (status, errors) == (0, "")
    assert "check-history" in output
    assert await words(database) == ["before"]
    version = await database.fetchval("SELECT version_num FROM key_registry.alembic_version")
    assert version, "all of the schema is back"


async def test_what_cannot_be_restored_as_a_whole_changes_nothing(
    passgate: Run, database: asyncpg.Connection, tmp_path: Path
) -> None:
    await passgate("backup", "whole.dump")
    whole = (tmp_path / "whole.dump").read_bytes()
    (tmp_path / "cut.dump").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "other.dump").write_text("SELECT 1;")
    for name in ("cut.dump", "other.dump"):
        status, _, errors = await passgate("restore", name, "--yes")
        assert status == 1, name
        assert "as it was" in errors or "is no dump" in errors
    assert (await passgate("restore", "absent.dump", "--yes"))[0] == 2
    assert await words(database) == ["before"]


async def test_a_failed_backup_leaves_no_file_and_none_is_overwritten(
    passgate: Run, database: asyncpg.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.dump").write_text("mine")
    assert (await passgate("backup", "mine.dump"))[0] == 2
    assert (tmp_path / "mine.dump").read_text() == "mine"
    monkeypatch.setenv("PASSGATE_DATABASE_URL", "postgresql://nobody:wrong@127.0.0.1:1/nothing")
    status, _, errors = await passgate("backup", "new.dump")
    assert (status, "nothing was backed up" in errors) == (1, True)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.dump"]


async def test_a_dump_of_an_older_release_alone_is_said_to_need_both_migrations(
    passgate: Run, database: asyncpg.Connection
) -> None:
    await database.execute("CREATE SCHEMA token_issuer CREATE TABLE alembic_version (version_num text)")
    await database.execute("INSERT INTO token_issuer.alembic_version VALUES ('0002')")
    await passgate("backup", "of_now.dump")
    await database.execute("UPDATE token_issuer.alembic_version SET version_num = '0001'")
    await passgate("backup", "older.dump")
    assert "migrate" not in (await passgate("restore", "of_now.dump", "--yes"))[1]
    output = (await passgate("restore", "older.dump", "--yes"))[1]
    assert [f"services.{name} migrate" in output for name in ("key_registry", "token_issuer")] == [True, True]
