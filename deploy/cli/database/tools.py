"""PostgreSQL's own programs for the database that is meant, and how they get its password."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from deploy.cli.outcome import WrongUsage
from deploy.variables import default_var

COMPOSE = ("docker", "compose", "exec", "-T", "postgres")
COMPOSE_OPTIONS = ("--username=passgate", "--dbname=passgate")
"""Over the container's own socket, which needs no password."""
QUIET = "-c client_min_messages=warning"


@dataclass(frozen=True)
class Tools:
    """`prefix` comes before a program's name; `target` says which database; `environment` may hold its password."""

    prefix: tuple[str, ...]
    target: tuple[str, ...]
    folder: Path | None = None
    """Where the programs are, unless in PATH."""
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)

    def dump(self) -> tuple[str, ...]:
        return (*self.prefix, self._program("pg_dump"), "--format=custom", *self.target)

    def script(self) -> tuple[str, ...]:
        """Writes what a dump on standard input holds as statements, for `psql`."""
        return (*self.prefix, self._program("pg_restore"), "--no-owner", "--file=-")

    def run_script(self) -> tuple[str, ...]:
        """Runs statements of standard input up to the first that fails."""
        options = ("--set=ON_ERROR_STOP=1", "--no-psqlrc", "--quiet", "--output=/dev/null")
        return (*self.prefix, self._program("psql"), *options, *self.target)

    def ask(self, statement: str) -> tuple[str, ...]:
        """Writes what the statement selects, a line for each row."""
        options = ("--no-psqlrc", "--tuples-only", "--no-align", f"--command={statement}")
        return (*self.prefix, self._program("psql"), *options, *self.target)

    def _program(self, name: str) -> str:
        return str(self.folder / name) if self.folder is not None else name


def of_compose() -> Tools:
    """Raises `WrongUsage` where Docker is not installed."""
    if shutil.which(COMPOSE[0]) is None:
        raise WrongUsage("--compose: there is no `docker` here")
    prefix = (*COMPOSE, "env", f"PGOPTIONS={QUIET}")
    return Tools(prefix, COMPOSE_OPTIONS, None, dict(os.environ))


def of_url(url: str, folder: Path | None, environment: Mapping[str, str]) -> Tools:
    """The password goes in the environment: command lines can be seen by every user."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    user = f"{parts.username}@" if parts.username else ""
    bare = urlunsplit(parts._replace(netloc=f"{user}{host}"))
    password = {"PGPASSWORD": unquote(parts.password)} if parts.password else {}
    options = " ".join(filter(None, (environment.get("PGOPTIONS"), QUIET)))
    return Tools((), (f"--dbname={bare}",), folder, {**environment, **password, "PGOPTIONS": options})


def of_stack(environment: Mapping[str, str]) -> Tools:
    """The database of the stack of `make up`, wherever its ports are; or that of PASSGATE_DATABASE_URL.

    Raises `WrongUsage` where neither is known, and where that stack does not run.
    """
    from deploy.errors import StackError

    try:
        from deploy.local.commands import as_it_runs, require_database
        from deploy.local.runfile import RunFile
        from deploy.local.stack import Stack
        from deploy.local.stores.postgres import binary
    except ImportError:
        raise WrongUsage(
            "an image has no pg_dump: on the host, in Compose's folder: passgate backup --compose"
        ) from None

    var = default_var(environment)
    try:
        run_file = RunFile(var / "run")
        stack = Stack(var, as_it_runs(environment, run_file))
        if stack.embeds("postgres") and not stack.secrets.is_dir():
            raise WrongUsage(
                "which database? `make up` was never run here: set PASSGATE_DATABASE_URL (and "
                "PASSGATE_DATABASE_PASSWORD_FILE), or give --compose"
            )
        require_database(stack, run_file)
        url = stack.store_dsn("postgres")
    except (StackError, ValueError) as error:
        raise WrongUsage(str(error)) from None
    try:
        folder = binary("pg_dump").parent
    except StackError:
        folder = None
    if folder is None and shutil.which("pg_dump", path=environment.get("PATH")) is None:
        raise WrongUsage("pg_dump, pg_restore and psql are not installed: they are in PostgreSQL's client package")
    return of_url(url, folder, environment)
