"""Takes the details of one company's lines out of a month's file, which verifies as before."""

from itertools import islice
from pathlib import Path

from services.key_registry.audit_trail.archive_file import (
    ArchiveWriter,
    InvalidArchive,
    Verified,
    lines_of,
    manifest_of,
    named,
    verify_file,
)
from services.key_registry.audit_trail.checkpoints import Checkpoint, CheckpointKeys

LINES_PER_WRITE = 1000


def without_company(path: Path, company_id: str, keys: CheckpointKeys, at: int) -> Verified:
    """The file, verified, once it has no detail of this company; as it is when it has none already.

    It blocks. The file of before is there until the new one verifies. Raises `InvalidArchive`, `BrokenTrail`,
    `OSError`.
    """
    before = verify_file(path, keys.public)
    if not any(line.company_id == company_id and line.erased_detail is None for line in lines_of(path)):
        return before
    manifest = manifest_of(path)
    unfinished = path.with_name(f".{path.name}.new")
    writer = ArchiveWriter(unfinished, manifest)
    try:
        remaining = lines_of(path)
        while lines := list(islice(remaining, LINES_PER_WRITE)):
            writer.write([line.without_detail() if line.company_id == company_id else line for line in lines])
        writer.close(keys.sign(Checkpoint(manifest.last_seq, manifest.last_hash, at, manifest.epoch)))
    finally:
        writer.abandon()
    after = verify_file(unfinished, keys.public)
    if after.manifest != manifest:
        raise InvalidArchive(f"{path.name} does not hold what it was written from")
    named(unfinished, path)
    return after
