"""Migrations by Alembic, each service's in its own schema, one at a time under an advisory lock.

A service keeps `migrations/versions/*.py`; this module is their environment, so there is no `env.py` to repeat.
"""

import asyncio
import zlib
from pathlib import Path

from alembic import op
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

LOCK_TIMEOUT = 120.0
"""Seconds to wait for another process that migrates."""


def migrate(dsn: str, *, schema: str, folder: Path) -> str:
    """Bring `schema` to the newest revision in `folder` and return that revision.

    Safe to run twice at once and again: the second waits, then finds nothing to do.
    """
    return asyncio.run(_migrate(dsn, schema, folder))


def execute_script(script: str) -> None:
    """Run SQL of any number of statements, from inside a revision's `upgrade()`, in its transaction."""
    op.get_bind().connection.run_async(lambda connection: connection.execute(script))


async def _migrate(dsn: str, schema: str, folder: Path) -> str:
    url = make_url(dsn).set(drivername="postgresql+asyncpg")
    engine = create_async_engine(url, poolclass=NullPool, connect_args={"timeout": 10})
    try:
        async with asyncio.timeout(LOCK_TIMEOUT), engine.begin() as connection:
            return await connection.run_sync(_upgrade, schema, folder)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection, schema: str, folder: Path) -> str:
    lock = zlib.crc32(f"passgate migrations {schema}".encode())
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": lock})
    connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{schema}"'))
    connection.execute(text(f'SET LOCAL search_path TO "{schema}"'))
    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))  # it interpolates
    config.set_main_option("path_separator", "os")
    scripts = ScriptDirectory.from_config(config)
    head = scripts.get_current_head() or ""
    environment = EnvironmentContext(
        config, scripts, fn=lambda revision, _: scripts._upgrade_revs("head", revision)
    )
    with environment:
        environment.configure(connection=connection, version_table_schema=schema, transactional_ddl=True)
        environment.run_migrations()
    return head
