"""`python -m MODULE ...` as a process of its own that need not import everything again.

It is forked from a server that has imported the deployables once: a start takes milliseconds in place of a second.
"""

import multiprocessing
import os
import runpy
import sys
import tempfile
from collections.abc import Mapping
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import NamedTuple

from tests.support.waiting import BUSY_MACHINE_LIMIT_S

PRELOADED = (
    "gateway.app",
    "services.key_registry.app",
    "services.key_registry.commands",
    "services.operator_validator.app",
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
    with tempfile.TemporaryDirectory(prefix="passgate-command-") as directory:
        output, errors = Path(directory, "output"), Path(directory, "errors")
        process = start_command(module, *arguments, environment=environment, output=output, errors=errors)
        process.join(limit)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise TimeoutError(f"python -m {module} {' '.join(arguments)}: still runs after {limit} s")
        return Ended(process.exitcode, output.read_text(), errors.read_text())


def start_command(
    module: str, *arguments: str, environment: Mapping[str, str], output: Path, errors: Path
) -> BaseProcess:
    """The process, which goes on. Its standard output and error are added to these files."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(PRELOADED))
    process = context.Process(
        target=_run, args=(module, arguments, dict(environment), (str(output), str(errors)), os.getcwd())
    )
    process.start()
    return process


def _run(
    module: str, arguments: tuple[str, ...], environment: dict[str, str], written: tuple[str, str], directory: str
) -> None:
    for descriptor, path in zip((sys.stdout.fileno(), sys.stderr.fileno()), written, strict=True):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), descriptor)
    os.setsid()
    os.chdir(directory)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv[1:] = arguments
    runpy.run_module(module, run_name="__main__", alter_sys=True)
