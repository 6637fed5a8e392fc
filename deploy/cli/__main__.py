"""`python -m deploy.cli`, which `.venv/bin/passgate` is."""

import argparse
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from functools import cache
from typing import Any

from deploy.cli import completion, login, scan
from deploy.cli.database import commands as database
from deploy.cli.objects import commands as objects
from deploy.cli.operations import deployables, diagnosis, leaks, listings, records, status
from deploy.cli.outcome import Failure
from deploy.cli.plan import commands as plan
from deploy.cli.plan import takeover
from shared.console import give_up_output, open_streams
from shared.release import RELEASE

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


class CommandParser(argparse.ArgumentParser):
    """Says with its own usage what it does not know: argparse leaves that to the parser of all commands.

    Those of `add_subparsers` are such ones too. With `takes_the_rest` it is for another program to know.
    """

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        given = sys.argv[1:] if args is None else list(args)
        if not self.get_default("takes_the_rest"):
            self._refuse_unknown(given)  # before it is said that an option is missing which is only misspelt
        found, rest = super().parse_known_args(given, namespace)
        if rest and not getattr(found, "takes_the_rest", False):
            self.error(f"unrecognized arguments: {' '.join(rest)}")
        return found, rest

    def _refuse_unknown(self, given: Sequence[str]) -> None:
        """What comes before a command is this parser's, what comes after it that command's."""
        commands = self._subparsers is not None
        known = [name for action in self._actions for name in action.option_strings if name.startswith("--")]
        for argument in given[: given.index("--")] if "--" in given else given:
            name = argument.partition("=")[0]
            if commands and not argument.startswith("-"):
                return
            if len(name) < 3 or not name.startswith("--") or " " in argument:
                continue
            if not any(each.startswith(name) for each in known):
                like = get_close_matches(name, known, 1)
                self.error(f"there is no option {name}" + (f": did you mean {like[0]}?" if like else ""))


@cache
def command_line() -> argparse.ArgumentParser:
    """All commands, which takes a tenth of a second to put together."""
    parser = CommandParser(
        prog="passgate", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--url", dest="registry_url", default="", metavar="URL", help="where the key registry is")
    said = f"passgate {RELEASE}"
    parser.add_argument("--version", action="version", version=said, dest="release", help="show the release")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add(commands)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    open_streams()
    parser = command_line()
    arguments, rest = parser.parse_known_args(argv)
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
