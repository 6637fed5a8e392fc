"""What runs now, on disk: so that `down` works from another terminal, and `up` finds what a crash left behind."""

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from deploy.errors import StackError

SUPERVISOR = "supervisor"


@dataclass(frozen=True)
class Started:
    """A process, told from a later one that got the same pid by the moment at which it began."""

    pid: int
    began: str
    stop_signal: int = signal.SIGTERM

    @classmethod
    def of(cls, pid: int, stop_signal: int = signal.SIGTERM) -> "Started":
        return cls(pid, _began(pid), stop_signal)

    def alive(self) -> bool:
        return bool(self.began) and _began(self.pid) == self.began

    def end(self, patience: float) -> None:
        """Ask it to stop; after `patience` seconds make it."""
        for number in (self.stop_signal, signal.SIGKILL):
            if not self.alive():
                return
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)
            self.wait(patience)

    def wait(self, patience: float) -> bool:
        """Whether it has gone within `patience` seconds."""
        deadline = time.monotonic() + patience
        while self.alive():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True


class RunFile:
    """`var/run/stack.json`, by process name; written by the one supervisor that holds the lock."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._path = directory / "stack.json"

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Be the one supervisor. Raises `StackError` while another is."""
        self._directory.mkdir(parents=True, exist_ok=True)
        with (self._directory / "lock").open("w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise StackError(
                    "the stack is up already: `make down` stops it, `python -m deploy.local status` shows it"
                ) from None
            yield

    def read(self) -> dict[str, Started]:
        """What was last written and still runs."""
        try:
            stored = json.loads(self._path.read_text())
            known = {name: Started(**entry) for name, entry in stored.items()}
        except (FileNotFoundError, ValueError, TypeError, AttributeError):
            return {}
        return {name: process for name, process in known.items() if process.alive()}

    def write(self, processes: dict[str, Started]) -> None:
        unfinished = self._path.with_suffix(".new")
        unfinished.write_text(json.dumps({name: asdict(process) for name, process in processes.items()}))
        unfinished.replace(self._path)

    def clear(self) -> None:
        self._path.unlink(missing_ok=True)


def _began(pid: int) -> str:
    """When a process began, in whatever terms the system has for it; empty when there is none."""
    if not Path("/proc/self/stat").exists():
        shown = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, timeout=10)
        return shown.stdout.strip()
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    state, ticks = fields[0], fields[19]
    return "" if state in "ZX" else f"{ticks} {_boot()}"


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
