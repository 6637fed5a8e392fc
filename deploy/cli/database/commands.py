"""`passgate backup FILE` and `passgate restore FILE`: neither leaves half of anything."""

import argparse
import contextlib
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deploy.cli.confirmation import confirm
from deploy.cli.database.tools import Tools, of_compose, of_stack
from deploy.cli.new_file import new_file
from deploy.cli.outcome import DONE, Refused, WrongUsage

BEGIN = b"BEGIN;\nDROP SCHEMA IF EXISTS key_registry, token_issuer CASCADE;\n"
COMMIT = b"\nCOMMIT;\n"
BLOCK_BYTES = 1024 * 1024
BACK_UP_TOO = (
    "back up the files of secrets as well (var/secrets, or the volume `secrets`): a dump alone cannot sign"
)
OLDER = "restored. The dump is of an older release, so migrate it first:"
NEXT = "The registry finds what was stopped after the dump, stops it again, and opens: see what was lost with"
REVISION_OF = {
    "key_registry": "SELECT version_num FROM key_registry.alembic_version",
    "token_issuer": "SELECT version_num FROM token_issuer.alembic_version",
}
"""What each schema is asked for its revision."""
CHECK_HISTORY = '  make run CMD="python -m services.key_registry check-history"'
CHECK_HISTORY_COMPOSE = "  docker compose run --rm --no-deps key_registry check-history"
MIGRATE = '  make run CMD="python -m services.{} migrate"'
MIGRATE_COMPOSE = "  docker compose run --rm --no-deps migrate_{}"


def add(commands: Any) -> None:
    backup = commands.add_parser("backup", help="write the database to a file")
    backup.add_argument("file", type=Path, metavar="FILE", help="a new file, of mode 0600")
    backup.set_defaults(run=_backup)
    restore = commands.add_parser("restore", help="replace the database by what such a file holds")
    restore.add_argument("file", type=Path, metavar="FILE")
    restore.add_argument("--yes", action="store_true", help="do not ask")
    restore.set_defaults(run=_restore)
    for parser in (backup, restore):
        parser.add_argument("--compose", action="store_true", help="that of Docker Compose, in its folder")


def _tools(arguments: argparse.Namespace) -> Tools:
    return of_compose() if arguments.compose else of_stack(os.environ)


def _backup(arguments: argparse.Namespace) -> int:
    path: Path = arguments.file
    with new_file(path) as output:
        tools = _tools(arguments)
        done = _run(tools.dump(), tools, stdout=output)
        if done.returncode:
            raise Refused(f"nothing was backed up: {_reason(done.stderr)}")
    print(f"{path}: {path.stat().st_size:,} bytes; {BACK_UP_TOO}")
    return DONE


def _restore(arguments: argparse.Namespace) -> int:
    """In one transaction, which ends only after the whole file was read: else all stays as it was."""
    path: Path = arguments.file
    tools = _tools(arguments)
    try:
        with path.open("rb") as dump:
            listed = _run((*tools.script()[:-1], "--list"), tools, stdin=dump, stdout=subprocess.DEVNULL)
    except OSError as error:
        raise WrongUsage(f"{path}: {error.strerror}") from None
    if listed.returncode:
        raise Refused(f"{path} is no dump of `passgate backup`: {_reason(listed.stderr)}")
    question = f"replace the whole database by {path}? What is newer than it is lost."
    confirm(arguments, question, unasked="--yes (make restore YES=1)")
    if not _replay(path, tools):
        raise Refused("nothing was restored, the database is as it was: the lines above say why")
    migrate, check_history = (
        (MIGRATE_COMPOSE, CHECK_HISTORY_COMPOSE) if arguments.compose else (MIGRATE, CHECK_HISTORY)
    )
    if _is_older(tools):
        print(OLDER, *map(migrate.format, REVISION_OF), NEXT, check_history, sep="\n")
    else:
        print(f"restored. {NEXT}", check_history, sep="\n")
    return DONE


def _is_older(tools: Tools) -> bool:
    """Whether the code of here has newer revisions of a schema. Of one that is not there, it has."""
    from deploy.local.stack import ROOT
    from deploy.local.stores.schema import is_older

    for schema, question in REVISION_OF.items():
        found = (
            _run(tools.ask(question), tools, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
            .stdout.decode()
            .strip()
        )
        if not found or is_older(found, ROOT / "services" / schema / "migrations" / "versions"):
            return True
    return False


def _replay(path: Path, tools: Tools) -> bool:
    """Whether it is done. Without COMMIT at its end, nothing that was sent is kept."""
    with (
        path.open("rb") as dump,
        _start(tools.script(), tools, stdin=dump, stdout=subprocess.PIPE) as source,
        _start(tools.run_script(), tools, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as target,
    ):
        assert source.stdout is not None
        assert target.stdin is not None
        try:
            target.stdin.write(BEGIN)
            while block := source.stdout.read(BLOCK_BYTES):
                target.stdin.write(block)
            complete = source.wait() == 0
            if complete:
                target.stdin.write(COMMIT)
            target.stdin.close()
        except BrokenPipeError:  # `psql` has ended at what it could not do
            complete = False
            source.kill()
            with contextlib.suppress(BrokenPipeError):
                target.stdin.close()
        return target.wait() == 0 and complete


def _start(argv: Sequence[str], tools: Tools, **streams: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen(argv, env=dict(tools.environment), **streams)


def _run(argv: Sequence[str], tools: Tools, **streams: Any) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(argv, env=dict(tools.environment), stderr=subprocess.PIPE, **streams)
    except FileNotFoundError:
        raise WrongUsage(f"{argv[0]} is not installed") from None


def _reason(errors: bytes) -> str:
    """The first line that PostgreSQL's program has written; what follows it explains it to the person."""
    first, *others = errors.decode(errors="replace").strip().splitlines() or ["it said nothing"]
    for line in others:
        print(line, file=sys.stderr)
    return first
