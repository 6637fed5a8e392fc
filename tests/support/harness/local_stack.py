"""The whole stack as `make up` runs it, on ports and in a directory of its own."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.local.runfile import RunFile, Started
from deploy.local.stack import ROOT, port_variables
from deploy.variables import read_variables
from tests.support.free_port import free_port
from tests.support.harness.forking import supervisor
from tests.support.harness.forking.process import ForkedProcess
from tests.support.harness.stores import reachable_directory

FORKED_STOP_TIMEOUT_S = 60.0


@dataclass(frozen=True)
class LocalStack:
    """Every method blocks until the command has ended."""

    var: Path
    environment: dict[str, str]
    root: Path = ROOT

    def up(self) -> "subprocess.CompletedProcess[str]":
        """Start it in the background; what it shows, when it is ready."""
        return self.run("up", "--detach")

    @contextmanager
    def forked(self) -> Iterator[None]:
        """Up, its processes forked in place of started: for tests of what it does, and not of how it starts."""
        log, ready = self.var / "log" / "supervisor.log", self.var / "run" / "ready"
        log.parent.mkdir(parents=True)
        process = ForkedProcess(
            supervisor.__name__, "--var", str(self.var), "up", "--background",
            environment=self.environment, output=log, errors=log,
        )  # fmt: skip
        while not ready.exists():
            assert process.poll() is None, log.read_text()
            time.sleep(0.05)
        try:
            yield
        finally:
            process.terminate()
            process.wait(FORKED_STOP_TIMEOUT_S)

    def run(self, *arguments: str, limit: float = 110, **environment: str) -> "subprocess.CompletedProcess[str]":
        """`python -m deploy.local` with these arguments, and with these variables set otherwise."""
        return subprocess.run(
            [sys.executable, "-m", "deploy.local", "--var", str(self.var), *arguments],
            cwd=self.root, env={**self.environment, **environment}, capture_output=True, text=True, timeout=limit,
        )  # fmt: skip

    def values(self) -> dict[str, str]:
        """The variables of `demo.env`."""
        return read_variables(self.var / "demo.env")

    def running(self) -> dict[str, Started]:
        return RunFile(self.var / "run").read()


@contextmanager
def local_stack(checkout: str | None = None, **environment: str) -> Iterator[LocalStack]:
    """A stack that has not been started; stopped, and all that it left deleted, afterwards.

    `checkout` is the name of a directory to copy the product to, to be started from there.
    """
    ports = {name: str(free_port()) for name in port_variables()}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PASSGATE_")}
    with reachable_directory() as directory:
        root = ROOT if checkout is None else _copy_of_the_product(directory / checkout)
        var = (directory if checkout is None else root) / "var"
        stack = LocalStack(var, {**inherited, **ports, "NO_COLOR": "1", **environment}, root)
        try:
            yield stack
        finally:
            stack.run("down")
            shutil.rmtree(stack.var, ignore_errors=True)


def _copy_of_the_product(checkout: Path) -> Path:
    for folder in ("deploy", "gateway", "services", "shared"):
        shutil.copytree(ROOT / folder, checkout / folder)
    (checkout / ".venv").symlink_to(ROOT / ".venv")
    return checkout
