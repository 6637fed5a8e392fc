"""A copy of the history in a file on the registry's own disk: lines that are only added, and written anew at times.

Several processes may use one folder. Each line is durable before `add` returns.
"""

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import structlog

from services.key_registry.history.ports import NothingValid
from services.key_registry.history.records import HistoryContent, HistoryHead, StateRecord, bounded
from services.key_registry.history.sealing import HEAD, Seal
from shared.errors import Unavailable
from shared.waiting.daemon_threads import BoundedThreads

COMPACT_FROM_BYTES = 1024 * 1024
"""A smaller file is never written anew; a larger one when it is twice what it was then."""
TAIL_BYTES = 64 * 1024
"""In which the newest head is looked for first."""
LOCK_TIMEOUT_S = 2.0
LOCK_RETRY_INTERVAL_S = 0.01
THREADS = 4
MAX_WAITING = 8
"""Calls under way at once. A folder may hang for good, and a thread with it: none of those that all else needs."""

T = TypeVar("T")
log = structlog.get_logger()


class HistoryFile:
    """Raises `Unavailable` when the folder cannot be read or written."""

    name = "file"

    def __init__(self, folder: Path, history: str, seal: Seal) -> None:
        self._path = folder / f"{history}.log"
        self._seal = seal
        self._compact_at = COMPACT_FROM_BYTES
        self._threads = BoundedThreads("history_file", threads=THREADS, max_waiting=MAX_WAITING)

    async def head(self) -> HistoryHead | None:
        return await self._run(self._newest_head)

    async def load(self) -> HistoryContent | None:
        return await self._run(self._load)

    async def add(self, records: Sequence[StateRecord], head: HistoryHead) -> None:
        await self._run(lambda: self._append(records, head))

    async def clear(self) -> None:
        await self._run(self._set_aside)

    async def compact(self, now: float) -> None:
        await self._run(lambda: self._compact(now))

    async def _run(self, work: Callable[[], T]) -> T:
        try:
            return await self._threads.run(work)
        except OSError as error:
            raise Unavailable(
                "the history file is unavailable", detail=f"{self._path}: {error.strerror or error}"
            ) from error

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._path.with_suffix(".lock").open("ab") as lock:
            _wait_for(lock.fileno())
            yield

    def _lines(self, start: int = 0) -> list[tuple[str, str]]:
        """A line that was cut short by a crash has no MAC that fits, and is left out as others are."""
        try:
            with self._path.open("rb") as file:
                file.seek(start)
                text = file.read().decode("ascii", errors="replace")
        except FileNotFoundError:
            return []
        found = (line.partition(" ") for line in text.split("\n") if line)
        return [(name, value) for name, _, value in found]

    def _newest_head(self) -> HistoryHead | None:
        with contextlib.suppress(FileNotFoundError):
            start = max(0, self._path.stat().st_size - TAIL_BYTES)
            heads = (self._seal.read_head(value) for name, value in self._lines(start) if name == HEAD)
            if valid := [head for head in heads if head is not None]:
                return max(valid, key=lambda head: (head.position.seq, head.audit_seq))
        kept = self._load()
        if kept is None and self._has_head():
            raise NothingValid(
                "nothing in the history file is valid", detail=f"{self._path}: written with another audit key"
            )
        return None if kept is None else kept.head

    def _has_head(self) -> bool:
        """Whether a whole head was written, valid or not: one that a crash has cut short does not count."""
        try:
            lines = self._path.read_bytes().split(b"\n")[:-1]
        except FileNotFoundError:
            return False
        return any(line.startswith(f"{HEAD} ".encode()) for line in lines)

    def _set_aside(self) -> None:
        with self._locked():
            if self._path.exists() and self._load() is None:
                log.error("history_copy.set_aside", copy=self.name)
                self._path.replace(self._path.with_suffix(".set_aside"))

    def _load(self) -> HistoryContent | None:
        return self._seal.read_lines(self.name, self._lines())

    def _append(self, records: Sequence[StateRecord], head: HistoryHead) -> None:
        lines = [*(self._seal.record(record) for record in records), self._seal.head(head)]
        data = "".join(f"{name} {value}\n" for name, value in lines).encode("ascii")
        with self._locked():
            new = not self._path.exists()
            with self._path.open("ab+") as file:
                if file.tell() and _last_byte(file.fileno(), file.tell()) != b"\n":
                    data = b"\n" + data
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        if new:
            _sync(self._path.parent)

    def _compact(self, now: float) -> None:
        if not self._path.exists() or self._path.stat().st_size < self._compact_at:
            return
        with self._locked():
            kept = self._load()
            if kept is None:
                return
            records, left_out_to = bounded(kept.records, now)
            head = kept.head
            head = HistoryHead(head.position, head.audit_seq, head.audit_hash, max(head.horizon, left_out_to))
            lines = [*(self._seal.record(record) for record in records.values()), self._seal.head(head)]
            fresh = self._path.with_suffix(".new")
            with fresh.open("wb") as file:
                file.write("".join(f"{name} {value}\n" for name, value in lines).encode("ascii"))
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._path)
            _sync(self._path.parent)
            self._compact_at = max(COMPACT_FROM_BYTES, 2 * self._path.stat().st_size)


def _wait_for(lock: int) -> None:
    """Raises `TimeoutError` when another holds it for `LOCK_TIMEOUT_S`: no thread waits for ever."""
    deadline = time.monotonic() + LOCK_TIMEOUT_S
    while True:
        try:
            return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise TimeoutError("another process holds the lock of the file") from None
        time.sleep(LOCK_RETRY_INTERVAL_S)


def _last_byte(descriptor: int, size: int) -> bytes:
    return os.pread(descriptor, 1, size - 1)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
