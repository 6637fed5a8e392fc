"""`python -m services.token_issuer`: serve, migrate, and the care of the signing keys."""

import argparse
import asyncio
import sys
from collections.abc import Coroutine
from functools import partial
from pathlib import Path
from typing import Any

from services.token_issuer.app import NAME, build_app
from services.token_issuer.commands import revoke_signing_key, rotate_signing_key
from services.token_issuer.config import Settings, StorageSettings
from shared.config import ConfigError, load, refuse
from shared.errors import ServiceError
from shared.http.server import run

MIGRATIONS = Path(__file__).parent / "migrations"


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m services.token_issuer",
        description="Issues OAuth 2.0 access tokens. Configured by PASSGATE_* environment variables.",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("serve", help="serve until SIGTERM (the default)")
    commands.add_parser("migrate", help="bring the database schema up to date")
    commands.add_parser("rotate-signing-key", help="publish a new signing key, which takes over a while later")
    revoke = commands.add_parser("revoke-signing-key", help="end a signing key and all its tokens at once")
    revoke.add_argument("kid", metavar="KID")
    arguments = parser.parse_args()
    if arguments.command == "migrate":
        # SQLAlchemy and Alembic are large, and loaded for this alone: serving begins without them.
        from shared.postgres.migrations import migrate_command

        sys.exit(migrate_command(load(StorageSettings).database_dsn, schema=NAME, folder=MIGRATIONS))
    elif arguments.command == "rotate-signing-key":
        _print_result(rotate_signing_key(load(Settings)))
    elif arguments.command == "revoke-signing-key":
        _print_result(revoke_signing_key(load(Settings), arguments.kid))
    else:
        issuer_settings = load(Settings)
        run(NAME, partial(build_app, issuer_settings), issuer_settings)


def _print_result(command: Coroutine[Any, Any, str]) -> None:
    """What the command has to say; status 1 and one line on standard error when it failed, 2 for a setting."""
    try:
        print(asyncio.run(command))
    except ConfigError as error:
        refuse(str(error))
    except ServiceError as error:
        sys.exit(f"{error.description} {error.detail}".rstrip())


if __name__ == "__main__":
    main()
