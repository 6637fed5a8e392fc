"""The file that a month of the audit trail leaves for: JSON Lines, compressed, which verifies by itself.

Its first line is the manifest, its last a checkpoint of the month's last line; between them the lines of the month
with all that their hashes are over. The same month gives the same bytes but for the checkpoint's time.
"""

import contextlib
import gzip
import hashlib
import os
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BufferedWriter
from pathlib import Path
from typing import Any

import orjson

from services.key_registry.audit_trail.chain import BrokenTrail, ChainCheck, Head, Line
from services.key_registry.audit_trail.checkpoints import InvalidCheckpoint, read_checkpoint
from shared.jose.keys import PublicKey

FORMAT = 1
LEVEL = 6
_GZIP = b"\x1f\x8b"
_SHOWN = {"seq", "previous_hash", "hash", "actor_name"}
"""Of a line as the admin API shows it; those of a file have no names."""


class InvalidArchive(Exception):
    """A file that is damaged, incomplete, or no month of an audit trail; its text names the file."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """Which piece of the chain a file holds. `month` is as in 2026-11."""

    month: str
    epoch: str
    first_seq: int
    last_seq: int
    previous_hash: bytes
    last_hash: bytes

    @property
    def before(self) -> Head:
        return Head(self.first_seq - 1, self.previous_hash)

    @property
    def head(self) -> Head:
        return Head(self.last_seq, self.last_hash)

    @property
    def file_name(self) -> str:
        return f"audit-{self.month}.jsonl.gz"


class ArchiveWriter:
    """Writes `path` from its start; `close` returns once its bytes are on the disk. Raises `OSError`."""

    def __init__(self, path: Path, manifest: Manifest) -> None:
        path.unlink(missing_ok=True)  # what a run that was cut short has left
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._file: BufferedWriter = os.fdopen(descriptor, "wb")
        self._gzip = gzip.GzipFile("", "wb", LEVEL, self._file, mtime=0)
        members = {"passgate_audit": FORMAT, **_as_json(manifest)}
        self._gzip.write(orjson.dumps(members, option=orjson.OPT_APPEND_NEWLINE))

    def write(self, lines: Sequence[Line]) -> None:
        self._gzip.write(b"".join(orjson.dumps(_members(line), option=orjson.OPT_APPEND_NEWLINE) for line in lines))

    def close(self, checkpoint: str) -> None:
        self._gzip.write(orjson.dumps({"checkpoint": checkpoint}, option=orjson.OPT_APPEND_NEWLINE))
        self._gzip.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def abandon(self) -> None:
        with contextlib.suppress(OSError):  # a full disk, perhaps
            self._gzip.close()
        self._file.close()


@dataclass(frozen=True, slots=True)
class Verified:
    manifest: Manifest
    sha256: bytes


def verify_file(
    path: Path, keys: Mapping[str, PublicKey] | None, heads: Mapping[int, bytes] | None = None
) -> Verified:
    """Read the whole file and check all of it: compression, chain, manifest, and the checkpoint by one of `keys`.

    Without keys the checkpoint is compared and its signature is not checked. `heads` are as for `ChainCheck`.
    Raises `InvalidArchive`, `BrokenTrail`, `OSError`. It blocks: seconds for a million lines.
    """
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").digest()
    entries = _entries(path)
    manifest = _manifest(path, next(entries, {}))
    check = ChainCheck(manifest.before, {} if heads is None else heads)
    entry: Mapping[str, Any] = {}
    for entry in entries:
        if "checkpoint" in entry:
            break
        check.add(_line(path, entry, check.head))
    if check.head != manifest.head or "checkpoint" not in entry or next(entries, None) is not None:
        raise InvalidArchive(f"{path.name} does not end as its manifest says")
    try:
        signed = read_checkpoint(str(entry["checkpoint"]), keys)
    except InvalidCheckpoint as error:
        raise InvalidArchive(f"{path.name}: its checkpoint: {error}") from None
    if (signed.count, signed.head, signed.epoch) != (manifest.last_seq, manifest.last_hash, manifest.epoch):
        raise InvalidArchive(f"{path.name}: its checkpoint is of another trail")
    return Verified(manifest, sha256)


def lines_of(path: Path) -> Iterator[Line]:
    """The lines of a file that has been verified."""
    entries = _entries(path)
    head = _manifest(path, next(entries, {})).before
    for entry in entries:
        if "checkpoint" in entry:
            return
        line = _line(path, entry, head)
        head = Head(line.seq, line.hash)
        yield line


def manifest_of(path: Path) -> Manifest:
    """What the file says that it holds. Raises `InvalidArchive`, `OSError`."""
    return _manifest(path, next(_entries(path), {}))


def named(unfinished: Path, path: Path) -> None:
    """Give a file that is complete its name; returns when that is on the disk as well."""
    unfinished.replace(path)
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sha256_of(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _entries(path: Path) -> Iterator[Mapping[str, Any]]:
    """Of a file that somebody has decompressed too."""
    try:
        with path.open("rb") as file:
            compressed = file.peek(len(_GZIP)).startswith(_GZIP)
            for text in gzip.GzipFile(fileobj=file) if compressed else file:
                entry = orjson.loads(text)
                if not isinstance(entry, dict):
                    raise InvalidArchive(f"{path.name} holds a line that is no object")
                yield entry
    except (EOFError, gzip.BadGzipFile, zlib.error, orjson.JSONDecodeError) as error:
        raise InvalidArchive(f"{path.name} is damaged or incomplete ({type(error).__name__})") from None


def _manifest(path: Path, entry: Mapping[str, Any]) -> Manifest:
    if entry.keys() >= _SHOWN:
        raise InvalidArchive(
            f"{path.name} is an export of what the admin API shows (`passgate audit export`), which has not all "
            "that the hashes are over: verify the trail in the database, without a file, or the files of whole "
            "months (audit-2026-11.jsonl.gz) that `export-audit` writes"
        )
    if entry.get("passgate_audit") != FORMAT:
        raise InvalidArchive(f"{path.name} is no month of an audit trail that this release reads")
    try:
        return Manifest(
            month=str(entry["month"]),
            epoch=str(entry["epoch"]),
            first_seq=int(entry["first_seq"]),
            last_seq=int(entry["last_seq"]),
            previous_hash=bytes.fromhex(entry["previous_hash"]),
            last_hash=bytes.fromhex(entry["last_hash"]),
        )
    except (KeyError, TypeError, ValueError):
        raise InvalidArchive(f"{path.name} has a manifest that cannot be read") from None


def _as_json(manifest: Manifest) -> dict[str, Any]:
    return {
        "month": manifest.month,
        "epoch": manifest.epoch,
        "first_seq": manifest.first_seq,
        "last_seq": manifest.last_seq,
        "previous_hash": manifest.previous_hash.hex(),
        "last_hash": manifest.last_hash.hex(),
    }


def _members(line: Line) -> dict[str, Any]:
    return {
        "seq": line.seq,
        "at": line.at.isoformat(timespec="microseconds"),
        "action": line.action,
        "actor": line.actor,
        "subject_kind": line.subject_kind,
        "subject": line.subject,
        "company_id": line.company_id,
        "request_id": line.request_id,
        "detail": line.detail,
        "event_id": line.event_id,
        "hash": line.hash.hex(),
        **({} if line.erased_detail is None else {"erased_detail": line.erased_detail.hex()}),
    }


def _line(path: Path, entry: Mapping[str, Any], head: Head) -> Line:
    try:
        members = {**entry, "at": datetime.fromisoformat(entry["at"]), "hash": bytes.fromhex(entry["hash"])}
        if "erased_detail" in members:
            members["erased_detail"] = bytes.fromhex(members["erased_detail"])
        return Line(**members, previous_hash=head.hash)
    except (KeyError, TypeError, ValueError):
        raise BrokenTrail(head.seq + 1, f"cannot be read in {path.name}") from None
