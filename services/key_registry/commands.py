"""What the key registry does at the command line beside serving. Each returns the exit status."""

import asyncio
import contextlib
import sys
from collections.abc import Awaitable, Callable, Sequence, Sized
from pathlib import Path
from uuid import UUID

from services.key_registry.admin.bootstrap import AdminTokens
from services.key_registry.audit_trail.app import archive_of
from services.key_registry.audit_trail.archive_file import InvalidArchive
from services.key_registry.audit_trail.archiving import ArchiveBusy
from services.key_registry.audit_trail.chain import BrokenTrail
from services.key_registry.audit_trail.checkpointing import Checkpointing
from services.key_registry.audit_trail.checkpoints import InvalidCheckpoint, checkpoints_in
from services.key_registry.audit_trail.verification import (
    Verification,
    keys_of,
    known_heads,
    required,
    verified_files,
    verified_trail,
    with_outside,
)
from services.key_registry.catalog.permissions import Role
from services.key_registry.catalog.requests import NewAdminToken
from services.key_registry.config import Settings
from services.key_registry.history.app import outside_heads
from services.key_registry.history.outside_heads import OutsideHeads
from services.key_registry.storage.postgres import MIGRATIONS, SCHEMA
from services.key_registry.storage.postgres.audit_checkpoints import PostgresCheckpoints
from services.key_registry.storage.postgres.audit_lines import PostgresAuditLines
from services.key_registry.storage.postgres.audit_months import PostgresMonths
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
EXPORT_TIMEOUT_S = 600.0
"""The same where much is read or dropped."""


def migrate(settings: Settings) -> int:
    from shared.postgres.migrations import migrate_command  # SQLAlchemy and Alembic are large: for this alone

    return migrate_command(settings.database_dsn, schema=SCHEMA, folder=MIGRATIONS)


def verify_audit(
    settings: Settings,
    *,
    files: Sequence[Path] = (),
    checkpoints: Sequence[Path] = (),
    key_file: Path | None = None,
) -> int:
    """1 when the trail is not what was written, with the first line that is wrong; 2 for a file that is no use.

    It is compared with the ends that Valkey and the history folder know, as far as they can be asked. With `files`
    these alone, without the database. `checkpoints` are files with some that were kept; `key_file` is
    a JWK Set to verify them with.
    """
    own = settings.audit_keys

    def reported(heads: Sized, verification: Verification, outside: OutsideHeads | None = None) -> int:
        head, months = verification
        where = f", {_count(range(months), 'month')} of them in files" if months else ""
        compared = f", compared with {_count(heads, 'checkpoint')}" if heads else ""
        if outside is not None:
            compared += "".join(f", compared with the end that {name} knows" for name in outside.compared)
            for name in outside.missing:
                failed(f"not compared with the end that {name} knows")
        return succeeded(f"the audit trail is intact: {head.seq} lines{where}, head {head.hash.hex()}{compared}")

    async def verify(database: Database) -> int:
        keys = keys_of(None if own is None else own.public, key_file)
        outside = await outside_heads(settings, database)
        known = await known_heads(PostgresCheckpoints(database), keys, checkpoints)
        months, lines, heads = (
            PostgresMonths(database),
            PostgresAuditLines(database),
            with_outside(known, outside.heads),
        )
        found = await verified_trail(months, lines, heads, folder=settings.audit_archive_dir, keys=keys)
        return reported(known.heads, found, outside)

    def verify_files() -> int:
        keys = required(keys_of(None if own is None else own.public, key_file))
        heads = {c.count: c.head for path in checkpoints for c in checkpoints_in(path, keys)}
        return reported(heads, verified_files(files, keys, heads))

    try:
        return verify_files() if files else asyncio.run(with_database(settings, verify))
    except BrokenTrail as broken:
        return failed(f"the audit trail is broken at {broken}")
    except InvalidArchive as error:
        return failed(f"the audit trail cannot be verified: {error}")
    except (InvalidCheckpoint, OSError) as error:
        return failed(f"the checkpoint cannot be used: {error}", status=2)


def export_audit(settings: Settings, *, month: str | None = None) -> int:
    """Without a month, what the registry does by itself as well: the months that are due are exported and dropped.

    With one, as in 2026-11, that month is exported, and stays in the database. Prints the files.
    """

    async def export(database: Database) -> int:
        archive = archive_of(settings, database)
        if archive is None:
            return failed("no folder to export to: set PASSGATE_AUDIT_ARCHIVE_DIR", status=2)
        months = PostgresMonths(database)
        try:
            if month is None:
                due = await archive.archive_due()
                names = "".join(f" {month.name}" for month in due)
                return succeeded(f"{_count(due, 'month')} exported and dropped{names and ':'}{names}")
            for found in await months.all():
                if found.name == month and not found.dropped:
                    return succeeded(str(await archive.export(found)))
                if found.name == month:
                    return succeeded(f"{month} has left for {found.file}")
            return failed(f"there are no lines of {month}", status=2)
        except (ArchiveBusy, BrokenTrail, InvalidArchive, OSError) as error:
            return failed(f"not exported: {error}")

    return asyncio.run(with_database(settings, export, patience=EXPORT_TIMEOUT_S))


def checkpoint_audit(settings: Settings) -> int:
    """Prints a checkpoint of the trail's end, signed now; 2 without a key to sign it with."""
    if (keys := settings.audit_keys) is None:
        return failed("no key to sign with: set PASSGATE_AUDIT_KEY_FILE", status=2)

    async def sign(database: Database) -> int:
        checkpointing = Checkpointing(PostgresCheckpoints(database), keys, SystemClock(), interval=0)
        return succeeded(await checkpointing.sign())

    return asyncio.run(with_database(settings, sign))


def create_admin_token(
    settings: Settings, *, role: Role, name: str, company_id: UUID | str | None, expires_at: str | None = None
) -> int:
    """Prints the token, which is shown this once; 1 also when it was created and nobody could read it.

    `expires_at` is as in RFC 3339; None: never.
    """

    async def create(database: Database) -> int:
        members = {"role": role, "name": name, "company_id": company_id, "expires_at": expires_at}
        body = validated(NewAdminToken, members)
        token = await AdminTokens(PostgresStore(database), SystemClock()).create(body)
        return 0 if print_line(token) else failed("the token was created, but could not be written: revoke it")

    return asyncio.run(with_database(settings, create))


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


def _count(items: Sized, noun: str) -> str:
    return f"{len(items)} {noun}{'' if len(items) == 1 else 's'}"


def succeeded(line: str) -> int:
    print_line(line)
    return 0


def failed(line: str, *, status: int = 1) -> int:
    with contextlib.suppress(OSError, ValueError, AttributeError):  # nobody reads it any more
        sys.stderr.write(f"{line}\n")
    return status
