"""Files that hold secrets."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


def write_private(path: Path, text: str) -> None:
    """Write `path`, mode 0600, whole or not at all: half a secret would be taken for a whole one later."""
    with private_file(path) as output:
        output.write(text.encode())


@contextmanager
def private_file(path: Path) -> Iterator[IO[bytes]]:
    """To be written, mode 0600. It has another name until it is whole; after an exception `path` is as it was."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as output:
            yield output
            output.flush()
            os.fsync(descriptor)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
