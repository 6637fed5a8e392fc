"""`verify-audit`, `export-audit` and `checkpoint-audit`. Each returns the exit status."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from functools import partial
from pathlib import Path

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
from services.key_registry.commands.database import EXPORT_TIMEOUT_S, failed, succeeded, with_database
from services.key_registry.composition.audit_trail import archive_of
from services.key_registry.composition.history import outside_heads
from services.key_registry.config import Settings
from services.key_registry.storage.postgres.audit_trail.checkpoints import PostgresCheckpoints
from services.key_registry.storage.postgres.audit_trail.lines import PostgresAuditLines
from services.key_registry.storage.postgres.audit_trail.months import PostgresMonths
from shared.clock import SystemClock
from shared.jose.keys import PublicKey
from shared.postgres.pool import Database

Keys = Callable[[], Mapping[str, PublicKey] | None]
"""The keys to verify checkpoints with, read when they are needed: see `keys_of`."""


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
    keys = partial(keys_of, None if own is None else own.public, key_file)
    try:
        if files:
            return _verify_files(files, checkpoints, keys)
        return asyncio.run(with_database(settings, partial(_verify_database, settings, checkpoints, keys)))
    except BrokenTrail as broken:
        return failed(f"the audit trail is broken at {broken}")
    except InvalidArchive as error:
        return failed(f"the audit trail cannot be verified: {error}")
    except InvalidCheckpoint as error:
        return failed(f"the checkpoint cannot be used: {error}", status=2)
    except OSError as error:
        return failed(f"a file cannot be read: {error}", status=2)


async def _verify_database(settings: Settings, checkpoints: Sequence[Path], keys: Keys, database: Database) -> int:
    verifying = keys()
    outside = await outside_heads(settings, database)
    known = await known_heads(PostgresCheckpoints(database), verifying, checkpoints)
    found = await verified_trail(
        PostgresMonths(database),
        PostgresAuditLines(database),
        with_outside(known, outside.heads),
        folder=settings.audit_archive_dir,
        keys=verifying,
    )
    for name in outside.missing:
        failed(f"not compared with the end that {name} knows")
    return _intact(found, known.heads, outside.compared)


def _verify_files(files: Sequence[Path], checkpoints: Sequence[Path], keys: Keys) -> int:
    verifying = required(keys())
    heads = {c.count: c.head for path in checkpoints for c in checkpoints_in(path, verifying)}
    return _intact(verified_files(files, verifying, heads), heads)


def _intact(verification: Verification, heads: Sized, compared_with: Iterable[str] = ()) -> int:
    """`compared_with`: the places outside the database whose ends of the trail are its own."""
    head, months = verification
    where = f", {_count(range(months), 'month')} of them in files" if months else ""
    compared = f", compared with {_count(heads, 'checkpoint')}" if heads else ""
    compared += "".join(f", compared with the end that {name} knows" for name in compared_with)
    return succeeded(f"the audit trail is intact: {head.seq} lines{where}, head {head.hash.hex()}{compared}")


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


def _count(items: Sized, noun: str) -> str:
    return f"{len(items)} {noun}{'' if len(items) == 1 else 's'}"
