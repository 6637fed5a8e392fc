"""Where a secret that is shown once goes: to a person's terminal, a file, or a script that asked for it."""

import argparse
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from deploy.cli.new_file import new_file
from deploy.cli.outcome import Refused, WrongUsage

ASK = "its secret would go to a pipe or a log: give --secret-file PATH, or --json if that is read by a program"


def add_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--secret-file", type=Path, metavar="PATH", help="write the secret there (mode 0600), not here"
    )


def require_destination(arguments: argparse.Namespace) -> None:
    """Before anything is made. Raises `WrongUsage` where the secret would end up where nobody looks for it."""
    if arguments.secret_file is None:
        if not arguments.json and not sys.stdout.isatty():
            raise WrongUsage(ASK)
    elif arguments.secret_file.exists():
        raise WrongUsage(f"{arguments.secret_file} exists already: it is left as it is")
    elif not arguments.secret_file.absolute().parent.is_dir():
        raise WrongUsage(f"{arguments.secret_file.parent} is no folder")


@contextmanager
def secret_file(path: Path | None) -> Iterator[IO[bytes] | None]:
    """Opened before anything is made, so that no secret is lost to a file that cannot be written; None for None.

    Raises `WrongUsage` for such a file. After an exception there is none.
    """
    if path is None:
        yield None
        return
    with new_file(path) as output:
        yield output


def take_secret(output: IO[bytes] | None, created: Mapping[str, Any], members: Sequence[str]) -> dict[str, Any]:
    """`created` as it is to be printed: without its secret where that has been written to the file."""
    if output is None:
        return dict(created)
    secret = next((str(created[name]) for name in members if created.get(name)), "")
    data = (secret if secret.endswith("\n") else f"{secret}\n").encode()
    try:
        while data:  # past the buffer, of which an error would be raised only when it is closed
            data = data[os.write(output.fileno(), data) :]
        os.fsync(output.fileno())
    except OSError as error:
        made = "it was made, but its secret cannot be written, and is not shown again"
        raise Refused(f"{made}: {error.strerror}; rotate it, or end it and make another") from None
    return {name: value for name, value in created.items() if name not in members}
