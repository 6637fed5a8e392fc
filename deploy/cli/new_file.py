"""A file that a command writes: whole, or not there."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from deploy.cli.outcome import WrongUsage


@contextmanager
def new_file(path: Path) -> Iterator[IO[bytes]]:
    """Of mode 0600. It has another name until it is whole; after an exception there is none.

    Raises `WrongUsage` where there is one already, and where it cannot be written.
    """
    if path.exists():
        raise WrongUsage(f"{path} exists already: it is left as it is")
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        unfinished.unlink(missing_ok=True)
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as output:
            yield output
            output.flush()
            os.fsync(output.fileno())
        unfinished.rename(path)
    except OSError as error:
        raise WrongUsage(f"{path}: {error.strerror}") from None
    finally:
        unfinished.unlink(missing_ok=True)
