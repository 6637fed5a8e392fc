"""`python -m deploy.cli`, which `.venv/bin/passgate` is."""

import argparse
import sys
from collections.abc import Sequence
from functools import cache

from deploy.cli import completion, login, records, scan
from deploy.cli.database import commands as database
from deploy.cli.objects import commands as objects
from deploy.cli.operations import deployables, diagnosis, leaks, listings, status
from deploy.cli.outcome import Failure
from deploy.cli.plan import commands as plan
from deploy.cli.plan import takeover
from shared.console import give_up_output, open_streams

COMMANDS = (
    login,
    objects,
    records,
    listings,
    leaks,
    diagnosis,
    status,
    deployables,
    plan,
    takeover,
    database,
    scan,
    completion,
)
"""Each has `add`, which says how its commands are called, and names what runs them."""
DESCRIPTION = """\
The command line of Passgate, over the admin API. After `make up` it finds the registry and the owner's token by
itself; elsewhere: `passgate login`, or PASSGATE_KEY_REGISTRY_URL and PASSGATE_ADMIN_TOKEN.

Exit status: 0 done, 1 refused, 2 wrong usage, 3 cannot be reached.
"""


@cache
def command_line() -> argparse.ArgumentParser:
    """All commands, which takes a tenth of a second to put together."""
    parser = argparse.ArgumentParser(
        prog="passgate", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--url", dest="registry_url", default="", metavar="URL", help="where the key registry is")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add(commands)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    open_streams()
    parser = command_line()
    arguments, rest = parser.parse_known_args(argv)
    if rest and not getattr(arguments, "takes_the_rest", False):
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    arguments.rest, arguments.parser = rest, parser
    try:
        status: int = arguments.run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        give_up_output()
        return 1
    except KeyboardInterrupt:
        return 130
    except Failure as failure:
        print(f"passgate: {failure}", file=sys.stderr)
        return failure.status
    return status


if __name__ == "__main__":
    sys.exit(main())
