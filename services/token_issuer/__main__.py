"""`python -m services.token_issuer`: serve, migrate, and the care of the signing keys."""

import argparse
import asyncio
import sys
from collections.abc import Coroutine
from functools import partial
from typing import Any

from services.token_issuer.app import build_app
from services.token_issuer.commands import (
    DEFAULT_TIMEOUT_S,
    NotDoneInTime,
    replace_signing_key,
    revoke_signing_key,
    rotate_signing_key,
)
from services.token_issuer.config import NAME, Settings, StorageSettings
from services.token_issuer.signing_keys.emergency import Refused
from services.token_issuer.storage.postgres import SCHEMA
from shared.console import log_errors_alone, print_line
from shared.errors import ServiceError
from shared.http.server import run
from shared.logging.redaction import redacted
from shared.postgres.schema import SchemaMismatch
from shared.settings.config import ConfigError, load, refuse, warn_of_unknown_settings

ROTATE = """\
Publish a new signing key. It signs once every gateway reports having it and it has been published for
PASSGATE_SIGNING_KEY_PROPAGATION seconds; the old one stays valid until its last token has expired, so that no call
is refused. Shows what it waits for. Run again after a failure it goes on with the key that waits.

With --emergency the key that signs is revoked first: every gateway refuses its tokens within a second, and nothing
is issued until the new key signs, which is as soon as every gateway has it, or after
PASSGATE_SIGNING_KEY_EMERGENCY_WAIT seconds. Says what that stops, and asks. Run again within ten minutes it does
not revoke the new key, unless --kid names that.
"""
REVOKE = """\
Revoke one signing key: every gateway refuses its tokens within a second. If it is the one that signs, another takes
its place as with `rotate-signing-key --emergency`. One that waits to sign never does: that ends a rotation.
"""
EXIT_STATUS = """\
exit status:
  0  done
  1  failed, or not confirmed: nothing more is done; what was begun is shown
  2  cannot run as it is configured, or wrong usage
  4  published, but the new key does not sign yet: the issuer goes on by itself
"""
MAX_SECONDS = 366 * 86400.0


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m services.token_issuer",
        description="Issues OAuth 2.0 access tokens. Configured by PASSGATE_* environment variables.",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("serve", help="serve until SIGTERM (the default)")
    commands.add_parser("migrate", help="bring the database schema up to date")
    _add_key_commands(commands)
    arguments = parser.parse_args()
    if arguments.command not in (None, "serve"):
        warn_of_unknown_settings()
    if arguments.command == "migrate":
        # SQLAlchemy and Alembic are large, and loaded for this alone: serving begins without them.
        from shared.postgres.migrations import migrate_command

        dsn = load(StorageSettings).database_dsn
        sys.exit(migrate_command(dsn, schema=SCHEMA.name, folder=SCHEMA.migrations))
    elif arguments.command == "rotate-signing-key" and (arguments.emergency or arguments.dry_run):
        _run(
            replace_signing_key(
                load(Settings),
                print_line,
                _yes if arguments.yes else _asked,
                kid=arguments.kid,
                dry_run=arguments.dry_run,
                timeout_s=arguments.timeout,
            )
        )
    elif arguments.command == "rotate-signing-key":
        _run(
            rotate_signing_key(
                load(Settings),
                print_line,
                wait=not arguments.no_wait,
                timeout_s=arguments.timeout,
                min_age_s=arguments.min_age,
            )
        )
    elif arguments.command == "revoke-signing-key":
        _run(revoke_signing_key(load(Settings), arguments.kid, print_line, timeout_s=arguments.timeout))
    else:
        issuer_settings = load(Settings)
        run(NAME, partial(build_app, issuer_settings), issuer_settings)


def _add_key_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    formatter = argparse.RawDescriptionHelpFormatter
    rotate = commands.add_parser(
        "rotate-signing-key",
        help="publish a new signing key, which signs once every gateway has it",
        description=ROTATE,
        epilog=EXIT_STATUS,
        formatter_class=formatter,
    )
    rotate.add_argument("--no-wait", action="store_true", help="return once the key is published")
    rotate.add_argument(
        "--min-age",
        type=_seconds,
        default=0.0,
        metavar="SECONDS",
        help="do nothing while the present key has signed for less (default: 0)",
    )
    rotate.add_argument(
        "--emergency", action="store_true", help="the key that signs may be known to others: revoke it now"
    )
    rotate.add_argument("--kid", default="", metavar="KID", help="with --emergency: the key that it is about")
    rotate.add_argument("--dry-run", action="store_true", help="say what --emergency would stop, and do nothing")
    rotate.add_argument("--yes", action="store_true", help="with --emergency: do not ask")
    revoke = commands.add_parser(
        "revoke-signing-key",
        help="end a signing key and all its tokens at once",
        description=REVOKE,
        epilog=EXIT_STATUS,
        formatter_class=formatter,
    )
    revoke.add_argument("kid", metavar="KID")
    for command in (rotate, revoke):
        command.add_argument(
            "--timeout",
            type=_seconds,
            default=DEFAULT_TIMEOUT_S,
            metavar="SECONDS",
            help=f"how long to wait for the new key to sign (default: {DEFAULT_TIMEOUT_S:g})",
        )


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value <= MAX_SECONDS:
        raise ValueError
    return value


def _yes() -> bool:
    return True


def _asked() -> bool:
    """Asks on the terminal; without one nothing is done."""
    if not sys.stdin.isatty():
        sys.stderr.write("no terminal to ask on: --yes does it without a question\n")
        return False
    return input("Revoke it? [y/N] ").strip().lower() in ("y", "yes")


def _run(command: Coroutine[Any, Any, None]) -> None:
    """If it fails: one line on standard error, and the status of `EXIT_STATUS`."""
    log_errors_alone()
    try:
        asyncio.run(command)
    except ConfigError as error:
        refuse(str(error))
    except (Refused, NotDoneInTime) as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(4 if isinstance(error, NotDoneInTime) else 1)
    except ServiceError as error:
        reason = redacted(f"{error.description} {error.detail}").strip().partition("\n")[0]
        sys.stderr.write(f"{reason}\n")
        sys.exit(2 if isinstance(error, SchemaMismatch) else 1)


if __name__ == "__main__":
    main()
