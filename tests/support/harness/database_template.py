"""A database that is migrated once, and its copies: a copy takes a tenth of what the migrations take."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import urlsplit

import asyncpg

from deploy.local.stores.postgres import OWNER, create_owner_and_database


def copied_from(database: str) -> str:
    """Options of `CREATE DATABASE`: copying files takes less than half of what a log of all their pages takes."""
    return f'TEMPLATE "{database}" OWNER "{OWNER}" STRATEGY FILE_COPY'


@dataclass(frozen=True)
class DatabaseTemplate:
    """Nobody may be connected to the template itself while it is copied."""

    superuser_url: str
    name: str
    connection: asyncpg.Connection
    """The superuser's, one for all copies: the start of each takes as long as a copy."""
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    @classmethod
    @asynccontextmanager
    async def migrated_by(
        cls, migrate: Callable[[str], Awaitable[None]], superuser_url: str
    ) -> AsyncIterator[Self]:
        """`migrate` is given the URL of a new database."""
        connection = await asyncpg.connect(superuser_url, timeout=10)
        template = cls(superuser_url, f"template_{secrets.token_hex(6)}", connection)
        await create_owner_and_database(superuser_url, urlsplit(superuser_url).password or "", template.name)
        await migrate(template.url_of(template.name))
        yield template
        await template._execute(f'DROP DATABASE "{template.name}" WITH (FORCE)')
        await connection.close(timeout=10)

    @asynccontextmanager
    async def copy(self) -> AsyncIterator[str]:
        """The URL of a database of one's own, as the role that owns it (no superuser); dropped afterwards."""
        name = f"test_{secrets.token_hex(6)}"
        await self._execute(f'CREATE DATABASE "{name}" {copied_from(self.name)}')
        try:
            yield self.url_of(name)
        finally:
            await self._execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def url_of(self, name: str) -> str:
        server = urlsplit(self.superuser_url)
        return f"postgresql://{OWNER}:{server.password}@{server.hostname}:{server.port}/{name}"

    async def _execute(self, statement: str) -> None:
        async with self.turn:
            await self.connection.execute(statement)
