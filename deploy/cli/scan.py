"""`passgate scan PATH`: finds secrets of ours in files, offline, by prefix and checksum. It never shows one."""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import asdict

from deploy.cli.scanned_files import STDIN, Unreadable, files_below, open_file
from deploy.cli.secret_search import Found, secrets_in

NOTHING_FOUND, FOUND, WRONG_USAGE = 0, 1, 2
DESCRIPTION = """\
Finds API tokens, access keys, secrets of API clients and admin tokens of Passgate in files, by their prefix and
checksum: no false alarm, and no connection. It prints where each is, its kind, its prefix and its last four
characters, never the secret. Binary files, links and .git are left out. Whether one is live the registry says:
POST /admin/v1/leaks ends whatever is real.

Exit status: 0 nothing was found, 1 something was, 2 wrong usage, or something could not be read.
"""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "scan",
        help="find secrets of Passgate in files",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("paths", nargs="+", metavar="PATH", help="a file, a folder, or - for standard input")
    parser.add_argument("--json", action="store_true", help="print one JSON list")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    unreadable: list[Unreadable] = []
    found = _found(arguments.paths, unreadable)
    count = _print_json(found) if arguments.json else _print_lines(found)
    for each in unreadable:
        print(f"passgate scan: {each}", file=sys.stderr)
    if count:
        return FOUND
    return WRONG_USAGE if unreadable else NOTHING_FOUND


def _found(paths: Iterable[str], unreadable: list[Unreadable]) -> Iterator[Found]:
    """One by one, as they are found. What cannot be read is added to `unreadable`, and the rest is scanned."""
    for path in paths:
        for name in files_below(path, unreadable.append):
            try:
                with nullcontext(sys.stdin.buffer) if name == STDIN else open_file(name) as stream:
                    yield from secrets_in(stream, name)
            except OSError as error:
                unreadable.append(Unreadable(name, error.strerror or "cannot be read"))


def _print_lines(found: Iterable[Found]) -> int:
    count = 0
    for each in found:
        print(f"{each.file}:{each.line}: {each.kind} {each.prefix}_...{each.last_four}")
        count += 1
    return count


def _print_json(found: Iterable[Found]) -> int:
    count = 0
    for each in found:
        print("," if count else "[", json.dumps(asdict(each)), sep="\n" if count else "")
        count += 1
    print("]" if count else "[]")
    return count
