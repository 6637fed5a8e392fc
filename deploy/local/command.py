"""One process to be: what to run, as whom, with which environment."""

import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from deploy.local.stores.identity import OURSELVES, Identity


@dataclass(frozen=True)
class Command:
    """`environment` is the whole of it: nothing is inherited but what stands there."""

    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    identity: Identity = OURSELVES
    directory: Path = Path("/")
    stop_signal: signal.Signals = signal.SIGTERM

    def full_argv(self) -> tuple[str, ...]:
        return (*self.identity.prefix, *self.argv)

    def popen_options(self) -> dict[str, Any]:
        """A session of its own, so that Ctrl-C in the terminal reaches only whoever stops things in order."""
        return {
            "env": dict(self.environment),
            "cwd": self.directory,
            "stdin": subprocess.DEVNULL,
            "start_new_session": True,
            **self.identity.popen,
        }

    def start(self, output: IO[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self.full_argv(), stdout=output, stderr=subprocess.STDOUT, **self.popen_options())
