"""`python -m MODULE ...` as a process of its own that need not import everything again.

It is forked from a server that has imported the deployables once: a start takes milliseconds in place of a second.
"""

import multiprocessing
import os
import runpy
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tests.support.waiting import BUSY_MACHINE_LIMIT_S

PRELOADED = (
    "gateway.app",
    "services.key_registry.app",
    "services.key_registry.commands",
    "services.session_tokens.app",
    "services.token_issuer.app",
    "services.token_issuer.commands",
    "tests.support.harness.commands",
)


class Ended(NamedTuple):
    """How a command ended: its exit status (negative: the signal that ended it), and what it has written."""

    status: int
    output: str
    errors: str


def run_command(
    module: str, *arguments: str, environment: Mapping[str, str], limit: float = BUSY_MACHINE_LIMIT_S
) -> Ended:
    """Blocks until it has ended. `environment` is all that it has. Raises `TimeoutError` after `limit` seconds."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(PRELOADED))
    with tempfile.TemporaryDirectory(prefix="passgate-command-") as directory:
        output, errors = Path(directory, "output"), Path(directory, "errors")
        process = context.Process(
            target=_run, args=(module, arguments, dict(environment), str(output), str(errors), os.getcwd())
        )
        process.start()
        process.join(limit)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise TimeoutError(f"python -m {module} {' '.join(arguments)}: still runs after {limit} s")
        return Ended(process.exitcode, output.read_text(), errors.read_text())


def _run(
    module: str, arguments: tuple[str, ...], environment: dict[str, str], output: str, errors: str, directory: str
) -> None:
    for descriptor, path in ((sys.stdout.fileno(), output), (sys.stderr.fileno(), errors)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), descriptor)
    os.chdir(directory)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv[1:] = arguments
    runpy.run_module(module, run_name="__main__", alter_sys=True)
