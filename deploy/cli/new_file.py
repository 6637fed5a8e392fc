"""A file that a command writes: whole, or not there."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from deploy.cli.outcome import WrongUsage
from deploy.private_files import private_file


@contextmanager
def new_file(path: Path) -> Iterator[IO[bytes]]:
    """Of mode 0600. It has another name until it is whole; after an exception there is none.

    Raises `WrongUsage` where there is one already, and where it cannot be written.
    """
    if path.exists():
        raise WrongUsage(f"{path} exists already: it is left as it is")
    try:
        with private_file(path) as output:
            yield output
    except OSError as error:
        raise WrongUsage(f"{path}: {error.strerror}") from None
