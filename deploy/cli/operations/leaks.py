"""`passgate leaks report`: ends secrets that were found where they should not be."""

import argparse
import sys
from pathlib import Path
from typing import Any

from deploy.cli.confirmation import confirm
from deploy.cli.connection import connection
from deploy.cli.outcome import DONE, WrongUsage
from deploy.cli.registry import Registry
from deploy.cli.tables import print_json, print_table

MAX_TEXT_CHARACTERS = 16384
MAX_STRINGS = 1000
"""Both as the admin API has them, for one report."""
COLUMNS = ("outcome", "kind", "name", "company.client_prefix", "version", "last_four", "id")
PEM = "-----BEGIN "
DESCRIPTION = """\
Each line of FILE (or of standard input: `-`) is a secret, or holds some: API tokens, access keys, secrets of API
clients, admin tokens, session tokens, access tokens; a private key as PEM is taken as a whole. Each that is real
ends at once, everywhere, with what was issued with it. No secret is taken from the command line, which others see.
"""


def add(commands: Any) -> None:
    leaks = commands.add_parser("leaks", help="report: end secrets that were found somewhere")
    verbs = leaks.add_subparsers(dest="verb", required=True, metavar="VERB")
    report = verbs.add_parser(
        "report",
        help="end what is found in a file",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    report.add_argument("file", metavar="FILE", help="or `-`")
    report.add_argument("--found-at", default=None, metavar="URL", help="where it was found")
    report.add_argument("--source", default=None, metavar="WORD", help="what kind of place that is, such as commit")
    report.add_argument("--json", action="store_true", help="print JSON")
    report.add_argument("--yes", action="store_true", help="do not ask")
    report.set_defaults(run=_report)


def _report(arguments: argparse.Namespace) -> int:
    strings = _strings(_text(arguments.file))
    if arguments.file == "-" and not arguments.yes:
        raise WrongUsage("standard input is the file, so that nobody can be asked: give --yes")
    confirm(arguments, f"end each secret of ours in {len(strings)} strings of {arguments.file}, for ever?")
    place = {"url": arguments.found_at, "source": arguments.source}
    own = {name: value for name, value in place.items() if value}
    registry, found = Registry(connection(arguments)), []
    for start in range(0, len(strings), MAX_STRINGS):
        part = [{"text": text, **own} for text in strings[start : start + MAX_STRINGS]]
        found += registry.post("/leaks", {"found": part})["items"]
    if arguments.json:
        print_json(found)
    else:
        real = [each for each in found if each["label"] == "true_positive"]
        print_table(COLUMNS, real, "none of it is a secret of ours")
    return DONE


def _text(file: str) -> str:
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise WrongUsage(f"{file}: {error.strerror}") from None


def _strings(text: str) -> list[str]:
    """Raises `WrongUsage` for a line that is too long for the admin API, and for no line at all."""
    if PEM in text and len(text) <= MAX_TEXT_CHARACTERS:
        return [text]
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        raise WrongUsage("there is nothing in it")
    for number, line in enumerate(lines, 1):
        if len(line) > MAX_TEXT_CHARACTERS:
            raise WrongUsage(
                f"line {number} has more than {MAX_TEXT_CHARACTERS} characters: cut the secret out of it"
            )
    return lines
