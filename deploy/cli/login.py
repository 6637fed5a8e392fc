"""`passgate login`: keeps where the registry is and an admin token, once that is seen to be valid."""

import argparse
import getpass
import os
import sys
from typing import Any

from deploy.cli.connection import DEFAULT_URL, URL_VARIABLE, Connection, keep_login, registry_url
from deploy.cli.outcome import DONE, WrongUsage
from deploy.cli.registry import Registry

DESCRIPTION = """\
Asks for an admin token, sees that the registry takes it, and keeps both in
~/.config/passgate/login.json (mode 0600).
A script gives the token on standard input, or sets PASSGATE_ADMIN_TOKEN and needs no login.
"""


def add(commands: Any) -> None:
    parser = commands.add_parser(
        "login",
        help="keep an admin token for the other commands",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    url = registry_url(arguments.registry_url or os.environ.get(URL_VARIABLE) or DEFAULT_URL)
    token = getpass.getpass("Admin token: ") if sys.stdin.isatty() else sys.stdin.readline()
    if not token.strip():
        raise WrongUsage("no admin token was given")
    connection = Connection(url, token.strip())
    Registry(connection).get("/companies", limit="1")
    print(f"{url}: kept in {keep_login(connection)}")
    return DONE
