"""`python -m deploy.cli`, which `.venv/bin/passgate` is."""

import argparse
import sys
from collections.abc import Sequence

from deploy.cli import scan
from shared.console import give_up_output, open_streams

COMMANDS = (scan,)
"""Each has `add`, which says how it is called, and names what runs it."""


def main(argv: Sequence[str] | None = None) -> int:
    open_streams()
    parser = argparse.ArgumentParser(prog="passgate", description="The command line of Passgate.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add(commands)
    arguments = parser.parse_args(argv)
    try:
        status: int = arguments.run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        give_up_output()
        return 1
    return status


if __name__ == "__main__":
    sys.exit(main())
