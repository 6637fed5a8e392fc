"""What runs now, on disk: so that `down` works from another terminal, and `up` finds what a crash left behind."""

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from deploy.errors import StackError

SUPERVISOR = "supervisor"


@dataclass(frozen=True)
class Started:
    """A process, distinguished from a later one with the same pid by the moment at which it began."""

    pid: int
    began: str
    stop_signal: int = signal.SIGTERM

    @classmethod
    def of(cls, pid: int, stop_signal: int = signal.SIGTERM) -> "Started":
        return cls(pid, _began(pid), stop_signal)

    def alive(self) -> bool:
        return bool(self.began) and _began(self.pid) == self.began

    def end(self, grace: float) -> None:
        """Send its stop signal, and SIGKILL where it has not gone within `grace` seconds."""
        for number in (self.stop_signal, signal.SIGKILL):
            if not self.alive():
                return
            self.signal(number)
            self.wait(grace)

    def signal(self, number: int) -> None:
        """Send a signal; nothing happens where it has gone meanwhile."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def wait(self, timeout: float) -> bool:
        """Whether it has gone within `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while self.alive():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True


class RunFile:
    """`var/run/stack.json`: processes by name, where they listen, and of which code they are; written by the
    supervisor with the lock."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.path = directory / "stack.json"

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Be the one supervisor. Raises `StackError` while another is."""
        self._directory.mkdir(parents=True, exist_ok=True)
        with (self._directory / "lock").open("a") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise StackError("the stack is up already: `make down` stops it, `make status` shows it") from None
            yield

    def read(self) -> dict[str, Started]:
        """The processes that were last recorded and still run."""
        stored = self._stored()
        try:
            # 0.1.0 recorded the processes alone: its stack may run on where the checkout was updated under it.
            known = {name: Started(**entry) for name, entry in stored.get("processes", stored).items()}
        except (TypeError, AttributeError):
            return {}
        return {name: process for name, process in known.items() if process.alive()}

    def layout(self) -> dict[str, str]:
        """Where the stack that runs now listens, as the variables that say so; empty when none runs."""
        stored = self._stored().get("layout", {})
        if not isinstance(stored, dict) or SUPERVISOR not in self.read():
            return {}
        return {str(name): str(value) for name, value in stored.items()}

    def code(self) -> str:
        """Of which code the stack is that runs now; empty when none runs, or that is not known."""
        return str(self._stored().get("code", "")) if SUPERVISOR in self.read() else ""

    def write(
        self, processes: Mapping[str, Started], layout: Mapping[str, str] | None = None, code: str = ""
    ) -> None:
        """Record all of it, whole or not at all. `layout` holds no secret. Raises `OSError`."""
        record = {
            "processes": {name: asdict(process) for name, process in processes.items()},
            "layout": dict(layout or {}),
            "code": code,
        }
        unfinished = self.path.with_suffix(".new")
        unfinished.write_text(json.dumps(record), encoding="ascii")
        unfinished.replace(self.path)

    def clear(self) -> None:
        self.path.unlink(missing_ok=True)

    def _stored(self) -> dict[str, Any]:
        try:
            stored = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return stored if isinstance(stored, dict) else {}


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
