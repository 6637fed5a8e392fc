"""The logs under `var/log`: errors are shown on the terminal as they come, and no file grows without bound."""

import asyncio
import json
import os
import shutil
from pathlib import Path

from deploy.local.report import Report

SUPERVISOR_LOG = "supervisor.log"
"""Of a supervisor in the background, which shows there what another one shows on the terminal."""
LOOK_INTERVAL_S = 0.5
"""Seconds between two looks."""
MAX_LOG_BYTES = 50 * 1024 * 1024
"""Bytes after which a log is moved to `<name>.log.1`, replacing the one before."""
MAX_BYTES_PER_LOOK = 256 * 1024
"""Bytes read at most in one look; of a log that grows faster, errors are missed here but not in the file."""
MAX_LAST_WORDS_BYTES = 8192
"""Bytes read of the end of a log."""
TRACEBACK = (" ", "Traceback ", "The above exception ", "During handling ")
"""How the lines of a traceback begin, but for the last."""
MAX_SHOWN_CHARACTERS = 400
"""Characters shown of one line."""


class ErrorTail:
    """Follows logs from where they end when they are added; `own`, to which the report goes, is only kept small."""

    def __init__(self, report: Report, own: Path | None = None) -> None:
        self._report = report
        self._own = own
        self._logs: dict[str, Path] = {}
        self._read_to: dict[str, int] = {}
        self._reported = ""

    def add(self, name: str, path: Path) -> None:
        self._logs[name] = path
        self._read_to[name] = size_of(path)

    async def follow(self) -> None:
        """Runs until cancelled."""
        while True:
            await asyncio.sleep(LOOK_INTERVAL_S)
            try:
                self.look()
                await asyncio.to_thread(self.rotate)
            except OSError as error:  # a full disk, a log that was removed: what runs need not stop for it
                if str(error) != self._reported:
                    self._reported = str(error)
                    self._report.warn("supervisor", f"cannot follow the logs: {error}")

    def look(self) -> None:
        """Show the errors that were written since the last look."""
        for name, path in self._logs.items():
            self._look(name, path)

    def rotate(self) -> None:
        """Move what has grown too large aside."""
        for name, path in list(self._logs.items()):
            if self._read_to[name] > MAX_LOG_BYTES:
                _rotate(path)
                self._read_to[name] = 0
        if self._own is not None and size_of(self._own) > MAX_LOG_BYTES:
            _rotate(self._own)

    def _look(self, name: str, path: Path) -> None:
        size, start = size_of(path), self._read_to[name]
        if size <= start:
            self._read_to[name] = size
            return
        first = max(start, size - MAX_BYTES_PER_LOOK)
        with path.open("rb") as handle:
            handle.seek(first)
            new = handle.read(size - first)
        whole, _, _ = new.rpartition(b"\n")
        self._read_to[name] = first + len(whole) + (1 if whole else 0)
        lines = whole.splitlines()
        for line in lines[1:] if first > start else lines:  # after a jump the first is the rest of a line
            if shown := error_in(name, line.decode(errors="replace")):
                self._report.error(name, shown[:MAX_SHOWN_CHARACTERS])


def error_in(name: str, line: str) -> str:
    """What to show of a line of the log `name`; empty if it reports no error."""
    if name == "postgres":
        return line if "FATAL:" in line or "PANIC:" in line else ""
    if name == "valkey":
        return line if " # " in line and "rror" in line else ""
    if not line.startswith("{"):  # our own processes log JSON: this is a traceback, of which the end says it all
        return "" if not line or line.startswith(TRACEBACK) else line
    if '"level":"error"' not in line:
        return ""
    try:
        fields = json.loads(line)
    except ValueError:
        return line
    rest = " ".join(f"{k}={v}" for k, v in fields.items() if k not in ("time", "level", "service", "event"))
    return f"{fields.get('event', '')} {rest}".strip()


def last_words(path: Path, since: int = 0, lines: int = 12) -> str:
    """The last lines of a log, of those written after it had `since` bytes; empty for one that cannot be read."""
    try:
        end = size_of(path)
        with path.open("rb") as handle:
            handle.seek(max(since if since <= end else 0, end - MAX_LAST_WORDS_BYTES))
            # Not to its end, for a log may be a link to a device, such as /dev/full, that has none.
            words = handle.read(MAX_LAST_WORDS_BYTES)
    except OSError:  # removed, or on a disk that is gone: what it belongs to is restarted and stopped all the same
        return ""
    return "\n".join(words.decode(errors="replace").splitlines()[-lines:])


def cause_of_death(words: str) -> str:
    """The line of a process's last words that most likely has the cause: an exception, else the last."""
    lines = [line for line in words.splitlines() if line.strip()]
    plain = [line for line in lines if not line.startswith(("{", *TRACEBACK))]
    return (plain or lines or [""])[-1][:MAX_SHOWN_CHARACTERS]


def _rotate(path: Path) -> None:
    """Copy and cut: the process goes on writing to the same file, at its new end.

    Where there is no room for the copy the lines are lost: to keep them would keep the disk full.
    """
    copy = path.with_name(f"{path.name}.1")
    try:
        shutil.copyfile(path, copy)
    except OSError:
        copy.unlink(missing_ok=True)
    os.truncate(path, 0)


def size_of(path: Path) -> int:
    """In bytes; 0 when there is no such file."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
