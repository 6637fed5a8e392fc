"""`python -m MODULE ...` to its end, forked from a process that has imported the deployables once."""

import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tests.support.harness.forking.process import ForkedProcess
from tests.support.waiting import BUSY_MACHINE_LIMIT_S


class Ended(NamedTuple):
    """How a command ended: its exit status (negative: the signal that ended it), and what it has written."""

    status: int
    output: str
    errors: str


def run_command(
    module: str, *arguments: str, environment: Mapping[str, str], limit: float = BUSY_MACHINE_LIMIT_S
) -> Ended:
    """Blocks until it has ended. `environment` is all that it has. Raises `TimeoutError` after `limit` seconds."""
    with tempfile.TemporaryDirectory(prefix="passgate-command-") as directory:
        output, errors = Path(directory, "output"), Path(directory, "errors")
        process = ForkedProcess(module, *arguments, environment=environment, output=output, errors=errors)
        try:
            status = process.wait(limit)
        except subprocess.TimeoutExpired:
            process.kill()
            raise TimeoutError(f"python -m {module} {' '.join(arguments)}: still runs after {limit} s") from None
        return Ended(status, output.read_text(), errors.read_text())
