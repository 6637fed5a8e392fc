"""Real PostgreSQL and Valkey for the tests: embedded, or in containers where an engine has their images.

`TEST_BACKEND` is `auto` (the default: containers if they can be had), `docker` or `embedded`.
"""

import asyncio
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Generic, TypeVar

from deploy.local.command import Command
from deploy.local.stores.postgres import Postgres
from deploy.local.stores.valkey import Valkey
from tests.support.free_port import free_port

FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "max_wal_size": "256MB",
    "shared_buffers": "64MB",
    "scram_iterations": "1",
    "autovacuum": "off",
}
"""PostgreSQL's parameters for data that nobody will miss, and for passwords that nobody guesses: to stretch one
takes half of what a connection takes to start."""
KILLABLE = {name: value for name, value in FAST.items() if name != "synchronous_commit"}
"""The same for data that a kill of the server must not lose: the system still has what it has written."""


MEMORY = Path("/dev/shm")
MEMORY_ENOUGH_BYTES = 2 << 30
"""Free ones, of which all stores of a run use up to half."""

S = TypeVar("S", bound=Postgres | Valkey)


class RunningStore(Generic[S]):
    """An embedded store that a test may kill, freeze and start again on the same port, with its data.

    Everything here blocks, for up to a second: call it through `asyncio.to_thread` in a coroutine.
    """

    def __init__(self, store: S, command: Command, log: Path) -> None:
        self.store = store
        self._command = command
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        if self._process is None:
            raise RuntimeError("the store is not running")
        return self._process.pid

    def start(self) -> None:
        """Start the process and return when it serves."""
        with self._log.open("ab") as output:
            self._process = self._command.start(output)
        with ThreadPoolExecutor(1) as thread:  # the caller's own thread may be running a loop
            thread.submit(lambda: asyncio.run(self.store.wait_ready())).result()

    def stop(self) -> None:
        """Stop it in order."""
        self._end(self._command.stop_signal)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """Let it accept connections and answer nothing (a black hole) until `thaw`."""
        self._signal_all(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal_all(signal.SIGCONT)

    def _signal_all(self, number: signal.Signals) -> None:
        for pid in (self.pid, *self._children()):
            os.kill(pid, number)

    def _children(self) -> list[int]:
        return [int(pid) for pid in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]

    def _end(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        children = self._children()
        self._process.send_signal(number)
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(timeout=10)
        self._process = None
        deadline = time.monotonic() + 10
        while any(Path(f"/proc/{pid}").exists() for pid in children) and time.monotonic() < deadline:
            time.sleep(0.01)  # a new server does not start while one that served the old one's clients is left


@contextmanager
def reachable_directory() -> Iterator[Path]:
    """A temporary directory that another user can pass through: the stores do not run as root."""
    path = Path(tempfile.mkdtemp(prefix="passgate-test-", dir=_in_memory()))
    path.chmod(0o711)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _in_memory() -> str | None:
    """Where files are in memory, if there is room: a new database takes a tenth of the time there."""
    enough = (
        MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= MEMORY_ENOUGH_BYTES
    )
    return str(MEMORY) if enough else None


@contextmanager
def embedded_postgres(*, durable: bool = False) -> Iterator[RunningStore[Postgres]]:
    """A PostgreSQL of one's own, started. A kill loses nothing that it acknowledged only if it is `durable`."""
    with reachable_directory() as directory:
        server = Postgres(
            directory / "postgres", free_port(), secrets.token_urlsafe(16), KILLABLE if durable else FAST
        )
        with _started(server, server.prepare(), directory / "postgres.log") as running:
            yield running


@contextmanager
def embedded_valkey() -> Iterator[RunningStore[Valkey]]:
    """A Valkey of one's own, started."""
    with reachable_directory() as directory:
        server = Valkey(directory / "valkey", free_port(), secrets.token_urlsafe(16))
        with _started(server, server.prepare(), directory / "valkey.log") as running:
            yield running


@contextmanager
def _started(store: S, command: Command, log: Path) -> Iterator[RunningStore[S]]:
    running = RunningStore(store, command, log)
    try:
        running.start()
        yield running
    finally:
        running.stop()


@contextmanager
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL as its superuser, from whichever backend `TEST_BACKEND` names."""
    if use_containers():
        from tests.support.harness import containers

        with containers.postgres() as url:
            yield url
    else:
        with embedded_postgres() as running:
            yield running.store.dsn()


@contextmanager
def valkey_server() -> Iterator[str]:
    """The URL of a Valkey, password included."""
    if use_containers():
        from tests.support.harness import containers

        with containers.valkey() as url:
            yield url
    else:
        with embedded_valkey() as running:
            yield running.store.url()


def use_containers() -> bool:
    choice = os.environ.get("TEST_BACKEND", "auto")
    if choice not in ("auto", "docker", "embedded"):
        raise ValueError(f"TEST_BACKEND must be auto, docker or embedded, not {choice!r}")
    if choice == "auto":
        from tests.support.harness import containers

        return containers.available()
    return choice == "docker"
