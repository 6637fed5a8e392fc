"""Whether the trail is what was written, also compared with checkpoints that somebody has kept."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from services.key_registry.audit_trail.archive_file import InvalidArchive, manifest_of, verify_file
from services.key_registry.audit_trail.chain import START, BrokenTrail, Head, Line, verified
from services.key_registry.audit_trail.checkpoints import (
    Checkpoint,
    InvalidCheckpoint,
    checkpoints_in,
    published_keys,
    read_checkpoint,
)
from services.key_registry.audit_trail.ports import AuditLines, Checkpoints, Month, Months
from shared.jose.keys import PublicKey

PAGE = 500
LINES_PER_READ = 1000


class Verification(NamedTuple):
    head: Head
    files: int
    """How many months are in files."""


class Known(NamedTuple):
    """Heads that the trail is known to have had, by the number of lines."""

    heads: Mapping[int, bytes]
    kept: int
    """How many of them the registry itself has kept."""


def with_outside(known: Known, outside: Mapping[int, bytes]) -> Mapping[int, bytes]:
    """The heads of checkpoints and those that are kept outside. Raises `BrokenTrail` where they differ."""
    heads = dict(known.heads)
    for count, head in outside.items():
        if heads.setdefault(count, head) != head:
            raise BrokenTrail(count, "has had two hashes: a checkpoint and a head kept outside differ")
    return heads


def keys_of(own: Mapping[str, PublicKey] | None, path: Path | None) -> Mapping[str, PublicKey] | None:
    """The keys to verify checkpoints with: those in `path`, else our own. Raises `InvalidCheckpoint`, `OSError`."""
    return own if path is None else published_keys(path)


async def known_heads(store: Checkpoints, keys: Mapping[str, PublicKey] | None, files: Sequence[Path]) -> Known:
    """Of the checkpoints in `files` and of those that the registry has kept, as far as one of `keys` signed them.

    Raises `InvalidCheckpoint` for a file without a valid one, `BrokenTrail` for one of another history than the
    trail's or where two differ, `OSError` and `Unavailable`.
    """
    kept = [] if keys is None else await _kept(store, keys)
    given = [checkpoint for path in files for checkpoint in checkpoints_in(path, required(keys))]
    epoch = await store.epoch() if given else ""
    heads: dict[int, bytes] = {}
    for checkpoint in (*given, *kept):
        if checkpoint in given and checkpoint.epoch != epoch:
            raise BrokenTrail(1, f"is of the history {epoch}, and the checkpoint is of {checkpoint.epoch}")
        if heads.setdefault(checkpoint.count, checkpoint.head) != checkpoint.head:
            raise BrokenTrail(checkpoint.count, "has had two hashes: checkpoints differ, it was made anew")
    return Known(heads, len(kept))


async def _kept(store: Checkpoints, keys: Mapping[str, PublicKey]) -> list[Checkpoint]:
    """What was signed by a key that is no longer known is left out: it proves nothing."""
    found: list[Checkpoint] = []
    before = None
    while page := await store.newest(before, PAGE):
        before = page[-1].number
        for kept in page:
            try:
                found.append(read_checkpoint(kept.jws, keys))
            except InvalidCheckpoint:
                continue
    return found


def required(keys: Mapping[str, PublicKey] | None) -> Mapping[str, PublicKey]:
    """Raises `InvalidCheckpoint` without keys."""
    if keys is None:
        raise InvalidCheckpoint("no key to verify checkpoints with: give --key, or set PASSGATE_AUDIT_KEY_FILE")
    return keys


async def verified_trail(
    months: Months,
    lines: AuditLines,
    heads: Mapping[int, bytes],
    *,
    folder: Path | None,
    keys: Mapping[str, PublicKey] | None,
) -> Verification:
    """The whole trail: the months that have left, from their files in `folder`, and then what is in the database.

    Raises `BrokenTrail`, `InvalidArchive`, `OSError`, `Unavailable`.
    """
    head, files = START, 0
    for month in await months.all():
        if month.dropped:
            head = await asyncio.to_thread(_followed, month, head, heads, folder, keys)
            files += 1
    return Verification(await verified(_after(lines, head.seq), heads, after=head), files)


def verified_files(
    paths: Sequence[Path], keys: Mapping[str, PublicKey] | None, heads: Mapping[int, bytes]
) -> Verification:
    """Files alone, which are to be one piece of one trail. Raises `BrokenTrail`, `InvalidArchive`, `OSError`."""
    head: Head | None = None
    epoch = ""
    for path in sorted(paths, key=lambda path: manifest_of(path).first_seq):
        manifest = verify_file(path, keys, heads).manifest
        if head is not None and (manifest.before, manifest.epoch) != (head, epoch):
            raise BrokenTrail(head.seq + 1, f"is missing, or is not what {path.name} follows")
        head, epoch = manifest.head, manifest.epoch
    return Verification(head or START, len(paths))


def _followed(
    month: Month,
    head: Head,
    heads: Mapping[int, bytes],
    folder: Path | None,
    keys: Mapping[str, PublicKey] | None,
) -> Head:
    """The head at the end of the month's file, which has to go on from `head`."""
    if folder is None or not (path := folder / str(month.file)).is_file():
        where = "set PASSGATE_AUDIT_ARCHIVE_DIR" if folder is None else f"it is not in {folder}"
        raise InvalidArchive(f"the lines of {month.name} are in {month.file}: {where}")
    found = verify_file(path, keys, heads)
    if found.manifest.before != head:
        raise BrokenTrail(found.manifest.first_seq, f"of {path.name} does not follow from the line before it")
    if found.sha256 != month.sha256:
        raise InvalidArchive(f"{path.name} is not the file that was exported")
    return found.manifest.head


async def _after(lines: AuditLines, seq: int) -> AsyncIterator[Line]:
    while chunk := await lines.following(seq, LINES_PER_READ):
        for line in chunk:
            yield line
        seq = chunk[-1].seq
