"""Migrating is left out only where the database itself says that there is nothing to migrate."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from deploy.local.stack import DEPLOYABLES, ROOT, Deployable
from deploy.local.stores.schema import is_current, newest_revision
from shared.postgres.migrations import migrate

VERSION = """
revision = "{revision}"
down_revision = {down}

def upgrade() -> None:
    pass
"""


def write(folder: Path, *revisions: tuple[str, str | None]) -> Path:
    versions = folder / "versions"
    versions.mkdir(exist_ok=True)
    for revision, down in revisions:
        (versions / f"{revision}.py").write_text(VERSION.format(revision=revision, down=repr(down)))
    return versions


async def run_migrations(database_url: str, folder: Path) -> None:
    await asyncio.to_thread(migrate, database_url, schema="owned", folder=folder)


def test_the_newest_is_the_one_that_none_follows(tmp_path: Path) -> None:
    assert newest_revision(tmp_path) is None
    assert newest_revision(write(tmp_path, ("0001", None), ("0002", "0001"))) == "0002"
    assert newest_revision(write(tmp_path, ("0003", "0001"))) is None


@pytest.mark.parametrize("deployable", [d for d in DEPLOYABLES if d.migrates], ids=lambda d: d.name)
def test_the_migrations_of_the_services_are_understood(deployable: Deployable) -> None:
    assert newest_revision(ROOT / deployable.module.replace(".", "/") / "migrations" / "versions")


async def test_a_database_is_current_exactly_when_it_has_the_newest_revision(
    database_url: str, tmp_path: Path
) -> None:
    versions = write(tmp_path, ("0001", None))
    assert not await is_current(database_url, "owned", versions)
    await run_migrations(database_url, tmp_path)
    assert await is_current(database_url, "owned", versions)
    assert not await is_current(database_url, "other", versions)
    write(tmp_path, ("0002", "0001"))
    assert not await is_current(database_url, "owned", versions)
    await run_migrations(database_url, tmp_path)
    assert await is_current(database_url, "owned", versions)


async def test_a_database_that_cannot_be_asked_is_not_current(database_url: str, tmp_path: Path) -> None:
    versions = write(tmp_path, ("0001", None))
    assert not await is_current(database_url.replace("passgate:", "nobody:"), "owned", versions)
    assert not await is_current("postgresql://u:p@127.0.0.1:1/x", "owned", versions)
    with pytest.raises(asyncpg.PostgresError):
        await asyncpg.connect(database_url.replace("passgate:", "nobody:"))
