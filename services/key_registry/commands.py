"""What the key registry does at the command line beside serving. Each returns the exit status."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence, Sized
from pathlib import Path
from uuid import UUID

from services.key_registry.admin.audit_reader import whole
from services.key_registry.admin.bootstrap import AdminTokens
from services.key_registry.audit_trail.chain import BrokenTrail, verified
from services.key_registry.audit_trail.checkpointing import Checkpointing
from services.key_registry.audit_trail.checkpoints import InvalidCheckpoint
from services.key_registry.audit_trail.verification import keys_of, known_heads
from services.key_registry.catalog.permissions import Role
from services.key_registry.catalog.requests import NewAdminToken
from services.key_registry.config import Settings
from services.key_registry.storage.postgres import MIGRATIONS, SCHEMA
from services.key_registry.storage.postgres.audit_checkpoints import PostgresCheckpoints
from services.key_registry.storage.postgres.audit_lines import PostgresAuditLines
from services.key_registry.storage.postgres.store import PostgresStore
from shared.clock import SystemClock
from shared.console import print_line
from shared.errors import Invalid, ServiceError
from shared.http.body import validated
from shared.logging.redaction import redacted
from shared.postgres.pool import Database
from shared.postgres.schema import SchemaMismatch

DATABASE_TIMEOUT_S = 30.0
"""Seconds for one use of the database: nobody waits for a response over HTTP."""


def migrate(settings: Settings) -> int:
    from shared.postgres.migrations import migrate_command  # SQLAlchemy and Alembic are large: for this alone

    return migrate_command(settings.database_dsn, schema=SCHEMA, folder=MIGRATIONS)


def verify_audit(settings: Settings, *, checkpoints: Sequence[Path] = (), key_file: Path | None = None) -> int:
    """1 when the trail is not what was written, with the first line that is wrong.

    `checkpoints` are files with some that were kept; `key_file` is a JWK Set to verify them with.
    """

    async def verify(database: Database) -> int:
        own = settings.audit_keys
        try:
            keys = keys_of(None if own is None else own.public, key_file)
            known = await known_heads(PostgresCheckpoints(database), keys, checkpoints)
            head = await verified(whole(PostgresAuditLines(database)), known.heads)
        except BrokenTrail as broken:
            return _failed(f"the audit trail is broken at {broken}")
        except (InvalidCheckpoint, OSError) as error:
            return _failed(f"the checkpoint cannot be used: {error}", status=2)
        compared = f", compared with {_count(known.heads, 'checkpoint')}" if known.heads else ""
        return _succeeded(f"the audit trail is intact: {head.seq} lines, head {head.hash.hex()}{compared}")

    return asyncio.run(_with_database(settings, verify))


def checkpoint_audit(settings: Settings) -> int:
    """Prints a checkpoint of the trail's end, signed now; 2 without a key to sign it with."""
    if (keys := settings.audit_keys) is None:
        return _failed("no key to sign with: set PASSGATE_AUDIT_KEY_FILE", status=2)

    async def sign(database: Database) -> int:
        checkpointing = Checkpointing(PostgresCheckpoints(database), keys, SystemClock(), interval=0)
        return _succeeded(await checkpointing.sign())

    return asyncio.run(_with_database(settings, sign))


def create_admin_token(settings: Settings, *, role: Role, name: str, company_id: UUID | str | None) -> int:
    """Prints the token, which is shown this once; 1 also when it was created and nobody could read it."""

    async def create(database: Database) -> int:
        body = validated(NewAdminToken, {"role": role, "name": name, "company_id": company_id})
        token = await AdminTokens(PostgresStore(database), SystemClock()).create(body)
        return 0 if print_line(token) else _failed("the token was created, but could not be written: revoke it")

    return asyncio.run(_with_database(settings, create))


async def _with_database(settings: Settings, command: Callable[[Database], Awaitable[int]]) -> int:
    database = Database(settings.database_dsn, schema=SCHEMA, size=1, timeout=DATABASE_TIMEOUT_S)
    await database.start()
    try:
        await PostgresStore(database).check()
        return await command(database)
    except SchemaMismatch as error:
        return _failed(f"{error.description} ({error.detail})", status=2)
    except Invalid as error:
        return _failed("; ".join(f"{e.field} {e.message}" for e in error.errors))
    except ServiceError as error:
        return _failed(f"{error.description} ({redacted(error.detail)})")
    finally:
        await database.stop()


def _count(items: Sized, noun: str) -> str:
    return f"{len(items)} {noun}{'' if len(items) == 1 else 's'}"


def _succeeded(line: str) -> int:
    print_line(line)
    return 0


def _failed(line: str, *, status: int = 1) -> int:
    sys.stderr.write(f"{line}\n")
    return status
