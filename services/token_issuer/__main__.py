"""`python -m services.token_issuer`: serve, migrate, and the care of the signing keys."""

import argparse
import asyncio
import sys
from collections.abc import Coroutine
from functools import partial
from typing import Any

from services.token_issuer.app import NAME, build_app
from services.token_issuer.commands import revoke_signing_key, rotate_signing_key
from services.token_issuer.config import Settings, StorageSettings
from services.token_issuer.storage.postgres import SCHEMA
from shared.config import ConfigError, load, refuse, warn_of_unknown_settings
from shared.console import print_line
from shared.errors import ServiceError
from shared.http.server import run
from shared.logging.redaction import redacted
from shared.postgres.schema import SchemaMismatch


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
    if arguments.command not in (None, "serve"):
        warn_of_unknown_settings()
    if arguments.command == "migrate":
        # SQLAlchemy and Alembic are large, and loaded for this alone: serving begins without them.
        from shared.postgres.migrations import migrate_command

        dsn = load(StorageSettings).database_dsn
        sys.exit(migrate_command(dsn, schema=SCHEMA.name, folder=SCHEMA.migrations))
    elif arguments.command == "rotate-signing-key":
        _print_result(rotate_signing_key(load(Settings)))
    elif arguments.command == "revoke-signing-key":
        _print_result(revoke_signing_key(load(Settings), arguments.kid))
    else:
        issuer_settings = load(Settings)
        run(NAME, partial(build_app, issuer_settings), issuer_settings)


def _print_result(command: Coroutine[Any, Any, str]) -> None:
    """Print what the command returns. If it fails: one line on standard error, and status 2 for a setting or a
    schema of another release, 1 for what may work later.
    """
    try:
        print_line(asyncio.run(command))
    except ConfigError as error:
        refuse(str(error))
    except ServiceError as error:
        reason = redacted(f"{error.description} {error.detail}").strip().partition("\n")[0]
        sys.stderr.write(f"{reason}\n")
        sys.exit(2 if isinstance(error, SchemaMismatch) else 1)


if __name__ == "__main__":
    main()
