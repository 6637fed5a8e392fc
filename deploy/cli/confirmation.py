"""The question before what cannot be undone."""

import argparse
import sys

from deploy.cli.outcome import WrongUsage


def confirm(arguments: argparse.Namespace, question: str) -> None:
    """Raises `WrongUsage` unless a person, or `--yes`, says yes."""
    if arguments.yes:
        return
    if not sys.stdin.isatty():
        raise WrongUsage(f"{question} Nobody is there to be asked: give --yes")
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise WrongUsage("left as it is")
