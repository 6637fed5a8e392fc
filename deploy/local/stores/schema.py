"""Whether a schema is at its newest revision: where it is, a process that migrates it is a second for nothing."""

import re
from pathlib import Path

import asyncpg

REVISION = re.compile(r"""^(down_)?revision\b[^=\n]*=\s*["'](\w+)["']""", re.MULTILINE)


async def is_current(dsn: str, schema: str, versions: Path) -> bool:
    """Whether the database has recorded the newest of the Alembic revisions in `versions` for `schema`.

    False where that is not known: to migrate once too often is harmless.
    """
    newest = newest_revision(versions)
    if newest is None:
        return False
    try:
        connection = await asyncpg.connect(dsn, timeout=5, server_settings={"search_path": schema})
        try:
            recorded = await connection.fetch("SELECT version_num FROM alembic_version", timeout=5)
        finally:
            await connection.close(timeout=5)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False
    return [row["version_num"] for row in recorded] == [newest]


def newest_revision(versions: Path) -> str | None:
    """The one revision that no other follows; None when it is not exactly one."""
    revisions, followed = _revisions(versions)
    newest = revisions - followed
    return newest.pop() if len(newest) == 1 else None


def is_older(recorded: str, versions: Path) -> bool:
    """Whether another revision in `versions` follows the recorded one; of a newer release's, none does."""
    return recorded in _revisions(versions)[1]


def _revisions(versions: Path) -> tuple[set[str], set[str]]:
    """All of them, and those that another one follows."""
    revisions: set[str] = set()
    followed: set[str] = set()
    for file in versions.glob("*.py"):
        for down, name in REVISION.findall(file.read_text(encoding="utf-8")):
            (followed if down else revisions).add(name)
    return revisions, followed
