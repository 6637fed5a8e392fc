"""Where a secret that is shown once goes: to a person's terminal, a file, or a script that asked for it."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from deploy.cli.outcome import WrongUsage
from deploy.private_files import write_private

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


def take_secret(
    arguments: argparse.Namespace, created: Mapping[str, Any], members: Sequence[str]
) -> dict[str, Any]:
    """`created` as it is to be printed: without its secret where that has been written to the file."""
    if arguments.secret_file is None:
        return dict(created)
    secret = next((str(created[name]) for name in members if created.get(name)), "")
    write_private(arguments.secret_file, secret if secret.endswith("\n") else f"{secret}\n")
    return {name: value for name, value in created.items() if name not in members}
