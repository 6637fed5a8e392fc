"""What all commands have in common: the database that they are run at, and how they end."""

import contextlib
import sys
from collections.abc import Awaitable, Callable

from services.key_registry.config import Settings
from services.key_registry.storage.postgres import SCHEMA
from services.key_registry.storage.postgres.store import PostgresStore
from shared.console import print_line
from shared.errors import Invalid, ServiceError
from shared.logging.redaction import redacted
from shared.postgres.pool import Database
from shared.postgres.schema import SchemaMismatch

DATABASE_TIMEOUT_S = 30.0
"""Seconds for one use of the database: nobody waits for a response over HTTP."""
EXPORT_TIMEOUT_S = 600.0
"""The same where much is read or dropped."""


async def with_database(
    settings: Settings, command: Callable[[Database], Awaitable[int]], *, patience: float = DATABASE_TIMEOUT_S
) -> int:
    database = Database(settings.database_dsn, schema=SCHEMA, size=1, timeout=patience)
    await database.start()
    try:
        await PostgresStore(database).check()
        return await command(database)
    except SchemaMismatch as error:
        return failed(f"{error.description} ({error.detail})", status=2)
    except Invalid as error:
        return failed("; ".join(f"{e.field} {e.message}" for e in error.errors))
    except ServiceError as error:
        return failed(error.description + (f" ({redacted(error.detail)})" if error.detail else ""))
    finally:
        await database.stop()


def succeeded(line: str) -> int:
    print_line(line)
    return 0


def failed(line: str, *, status: int = 1) -> int:
    with contextlib.suppress(OSError, ValueError, AttributeError):  # nobody reads it any more
        sys.stderr.write(f"{line}\n")
    return status
