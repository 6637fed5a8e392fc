"""Migrations by Alembic, each service's in its own schema, one at a time under an advisory lock.

A service keeps `migrations/versions/*.py`; this module is their environment, so there is no `env.py` to repeat.
"""

import asyncio
import sys
import zlib
from pathlib import Path

import asyncpg
from alembic import op
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from shared.logging.redaction import redacted

LOCK_TIMEOUT_S = 120.0
"""Seconds to wait for another process that migrates."""


def migrate(dsn: str, *, schema: str, folder: Path) -> str:
    """Bring `schema` to the newest revision in `folder` and return that revision.

    Safe to run twice at once and again: the second waits, then finds nothing to do.
    """
    return asyncio.run(_migrate(dsn, schema, folder))


def migrate_command(dsn: str, *, schema: str, folder: Path) -> int:
    """`migrate` as a service's command: its exit status, after one line on standard output or standard error.

    2 when the schema is of a release that this one does not know, 1 when the database cannot be migrated.
    """
    try:
        revision = migrate(dsn, schema=schema, folder=folder)
    except CommandError as error:
        return _failed(f"schema {schema} is not one that this release knows: {_first_line(error)}", status=2)
    except (OSError, TimeoutError, asyncpg.PostgresError, SQLAlchemyError) as error:
        return _failed(f"the database cannot be migrated: {_first_line(error)}", status=1)
    sys.stdout.write(f"{schema} is at revision {revision}\n")
    return 0


def _first_line(error: Exception) -> str:
    return redacted(str(error).partition("\n")[0]) or type(error).__name__


def _failed(line: str, *, status: int) -> int:
    sys.stderr.write(f"{line}\n")
    return status


def execute_script(script: str) -> None:
    """Run SQL of any number of statements, from inside a revision's `upgrade()`, in its transaction."""
    op.get_bind().connection.run_async(lambda connection: connection.execute(script))


async def _migrate(dsn: str, schema: str, folder: Path) -> str:
    url = make_url(dsn).set(drivername="postgresql+asyncpg")
    engine = create_async_engine(url, poolclass=NullPool, connect_args={"timeout": 10})
    try:
        async with asyncio.timeout(LOCK_TIMEOUT_S) as waiting, engine.begin() as connection:
            lock = zlib.crc32(f"passgate migrations {schema}".encode())
            await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": lock})
            waiting.reschedule(None)  # a large table may take longer
            return await connection.run_sync(_upgrade, schema, folder)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection, schema: str, folder: Path) -> str:
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
