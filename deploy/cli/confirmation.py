"""The question before what cannot be undone."""

import argparse
import sys

from deploy.cli.outcome import WrongUsage


def confirm(arguments: argparse.Namespace, question: str, *, unasked: str = "--yes") -> None:
    """Raises `WrongUsage` unless a person, or `--yes`, says yes. `unasked`: how to say so beforehand."""
    if arguments.yes:
        return
    if not sys.stdin.isatty():
        raise WrongUsage(f"{question} Nobody is there to be asked: give {unasked}")
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise WrongUsage("left as it is")
