"""Old months of the audit trail leave for files: written, read again and verified, and only then dropped.

Each step may be cut short (`kill -9`) and done again. A file gets its name once its bytes are on the disk and
verify. After that the database says where it is. The lines are dropped, in one transaction with the note of it,
when the file has been found to be that very one.
"""

import fcntl
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import structlog

from services.key_registry.audit_trail.archive_file import (
    ArchiveWriter,
    InvalidArchive,
    Manifest,
    Verified,
    named,
    sha256_of,
    verify_file,
)
from services.key_registry.audit_trail.chain import BrokenTrail, Line
from services.key_registry.audit_trail.checkpoints import Checkpoint, CheckpointKeys
from services.key_registry.audit_trail.file_erasure import without_company
from services.key_registry.audit_trail.months import TrustedClock, month_of, months_before
from services.key_registry.audit_trail.ports import AuditLines, Checkpoints, Month, Months
from shared.background_task import PeriodicTask, TaskOwner
from shared.waiting.daemon_threads import in_daemon_thread

log = structlog.get_logger()

ARCHIVE_INTERVAL_S = 3600.0
LINES_PER_WRITE = 1000


class ArchiveBusy(Exception):
    """Another process exports to this folder now."""


class Archive(TaskOwner):
    """`kept` is for how many months before the present one lines stay in the database."""

    def __init__(
        self,
        months: Months,
        lines: AuditLines,
        checkpoints: Checkpoints,
        keys: CheckpointKeys,
        clock: TrustedClock,
        *,
        folder: Path,
        kept: int,
    ) -> None:
        self._months = months
        self._lines = lines
        self._checkpoints = checkpoints
        self._keys = keys
        self._clock = clock
        self._folder = folder
        self._kept = kept
        self.tasks = (PeriodicTask("audit_archive", self.tidy, interval=ARCHIVE_INTERVAL_S),)

    async def tidy(self) -> None:
        """Export and drop the months that are due. Does nothing while another process does."""
        with suppress(ArchiveBusy):
            await self.archive_due()

    async def archive_due(self) -> list[Month]:
        """The months that are older than those to be kept, exported and dropped, as they were before.

        Raises `ArchiveBusy`, `InvalidArchive`, `BrokenTrail`, `OSError`, `Unavailable`; the months before are done.
        """
        newest = months_before(month_of(await self._clock.time()), self._kept)
        due = [m for m in await self._months.all() if m.month < newest and m.last is not None and not m.dropped]
        with self._alone():
            for month in due:
                path = await self._exported(month)
                await self._months.drop(month.month)
                log.info("audit_month.dropped", month=month.name, file=str(path))
        return due

    async def export(self, month: Month) -> Path:
        """The file of a month that is over, verified; its lines stay in the database. Raises as `archive_due`."""
        with self._alone():
            return await self._exported(month)

    async def erase(self, company_id: str) -> int:
        """Write the files anew that have details of this company's lines, without these; how many there were.

        Raises as `archive_due`, also for a file that is not there.
        """
        written = 0
        with self._alone():
            for month in await self._months.all():
                if month.file is not None and month.last is not None:
                    path = self._folder / month.file
                    found = await in_daemon_thread(
                        without_company, path, company_id, self._keys, int(await self._clock.time())
                    )
                    written += found.sha256 != month.sha256
                    await self._months.exported(month.month, month.last, path.name, found.sha256)
        return written

    async def _exported(self, month: Month) -> Path:
        if month.last is None:
            raise InvalidArchive(f"{month.name} is not over: lines are still added to it")
        manifest = Manifest(
            month.name, await self._checkpoints.epoch(), month.first_seq, month.last.seq, month.previous_hash,
            month.last.hash,
        )  # fmt: skip
        path = self._folder / manifest.file_name
        if month.file is not None and path.is_file() and await in_daemon_thread(sha256_of, path) == month.sha256:
            return path
        verified = await self._written(manifest, path)
        await self._months.exported(month.month, manifest.head, path.name, verified.sha256)
        lines = 1 + month.last.seq - month.first_seq
        log.info("audit_month.exported", month=month.name, file=str(path), lines=lines)
        return path

    async def _written(self, manifest: Manifest, path: Path) -> Verified:
        unfinished = path.with_name(f".{path.name}.new")
        writer = await in_daemon_thread(ArchiveWriter, unfinished, manifest)
        try:
            async for lines in self._of(manifest):
                await in_daemon_thread(writer.write, lines)
            checkpoint = Checkpoint(
                manifest.last_seq, manifest.last_hash, int(await self._clock.time()), manifest.epoch
            )
            await in_daemon_thread(writer.close, self._keys.sign(checkpoint))
        finally:
            writer.abandon()
        verified = await in_daemon_thread(verify_file, unfinished, self._keys.public)
        if verified.manifest != manifest:
            raise InvalidArchive(f"{path.name} does not hold what it was written from")
        named(unfinished, path)
        return verified

    async def _of(self, manifest: Manifest) -> AsyncIterator[list[Line]]:
        seq = manifest.first_seq - 1
        while seq < manifest.last_seq:
            limit = min(LINES_PER_WRITE, manifest.last_seq - seq)
            lines = [line for line in await self._lines.following(seq, limit) if line.seq <= manifest.last_seq]
            if not lines:
                raise BrokenTrail(seq + 1, "is missing")
            yield lines
            seq = lines[-1].seq

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Holds the folder's lock, which ends with the process. Raises `ArchiveBusy`."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise ArchiveBusy(f"another process exports to {self._folder}") from None
        try:
            yield
        finally:
            os.close(descriptor)
