"""A forked process for tests that block; the interface is that of `subprocess.Popen`."""

import os
import select
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.support.harness.forking.client import fork, read_number


class ForkedProcess:
    def __init__(
        self, module: str, *arguments: str, environment: Mapping[str, str], output: Path, errors: Path
    ) -> None:
        """What it writes is added to these files."""
        descriptors = [os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600) for path in (output, errors)]
        try:
            self.pid, self._status = fork(module, arguments, environment, *descriptors)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        self.returncode: int | None = None

    def poll(self) -> int | None:
        return self._read_within(0)

    def wait(self, timeout: float) -> int:
        """Its exit status, negative: the signal that ended it. Raises `TimeoutExpired` after so many seconds."""
        status = self._read_within(timeout)
        if status is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout)
        return status

    def send_signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _read_within(self, seconds: float) -> int | None:
        if self.returncode is None:
            poll = select.poll()
            poll.register(self._status, select.POLLIN)
            if poll.poll(seconds * 1000):
                self.returncode = read_number(self._status)
                os.close(self._status)
        return self.returncode
