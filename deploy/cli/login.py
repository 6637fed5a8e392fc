"""`passgate login`: keeps where the registry is and an admin token, once that is seen to be valid."""

import argparse
import getpass
import os
import sys
from typing import Any

from deploy.cli.connection import NAME_IT, Connection, keep_login, named_url, registry_url
from deploy.cli.outcome import DONE, WrongUsage
from deploy.cli.registry import Registry

DESCRIPTION = """\
passgate --url https://registry.example login

Asks for an admin token, sees that the registry takes it, and keeps both in
~/.config/passgate/login.json (mode 0600).
A script gives the token on standard input, or sets PASSGATE_KEY_REGISTRY_URL and
PASSGATE_ADMIN_TOKEN and needs no login.
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
    named = named_url(arguments, os.environ)
    if not named:
        raise WrongUsage(f"which registry? {NAME_IT}")
    url = registry_url(named)
    token = getpass.getpass("Admin token: ") if sys.stdin.isatty() else sys.stdin.readline()
    if not token.strip():
        raise WrongUsage("no admin token was given")
    connection = Connection(url, token.strip())
    Registry(connection).get("/companies", limit="1")
    print(f"{url}: kept in {keep_login(connection)}")
    return DONE
