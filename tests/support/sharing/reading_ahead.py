"""Imports the files with tests from the last one back, while pytest imports them from the first.

What has been read once is kept compiled: in a new clone a third of the time before the first test goes into that,
and all but one of the cores have nothing else to do.
"""

import contextlib
import gc
import importlib
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def reading_ahead(root: Path, arguments: Sequence[str]) -> Iterator[None]:
    """`arguments` are pytest's: folders, files or tests. `root` is where the names of modules begin."""
    pid = os.fork()
    if pid == 0:
        try:
            _import_backwards(root, arguments)
        finally:
            os._exit(0)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGKILL)  # what it has not come to has been imported meanwhile
        os.waitpid(pid, 0)


def _import_backwards(root: Path, arguments: Sequence[str]) -> None:
    gc.disable()
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115  # pytest tells of what cannot be imported
    for module in reversed(modules(root, arguments)):
        with contextlib.suppress(BaseException):  # a file may skip itself, or fail
            importlib.import_module(module)


def modules(root: Path, arguments: Sequence[str]) -> list[str]:
    """The names of the files with tests that these arguments stand for, in the order in which pytest reads them."""
    files: list[Path] = []
    for argument in arguments:
        path = root / argument.partition("::")[0]
        files += sorted(path.rglob("test_*.py")) if path.is_dir() else [path]
    return [".".join(file.relative_to(root).with_suffix("").parts) for file in files if file.is_relative_to(root)]
