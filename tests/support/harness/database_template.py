"""A database that is migrated once, and its copies: a copy takes a tenth of what the migrations take."""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

import asyncpg

from deploy.local.stores.postgres import OWNER, create_owner_and_database


@dataclass(frozen=True)
class DatabaseTemplate:
    """Nobody may be connected to the template itself while it is copied."""

    superuser_url: str
    name: str

    @classmethod
    @asynccontextmanager
    async def migrated_by(
        cls, migrate: Callable[[str], Awaitable[None]], superuser_url: str
    ) -> AsyncIterator[Self]:
        """`migrate` is given the URL of a new database."""
        template = cls(superuser_url, f"template_{secrets.token_hex(6)}")
        await create_owner_and_database(superuser_url, urlsplit(superuser_url).password or "", template.name)
        await migrate(template.url_of(template.name))
        yield template
        await template._execute(f'DROP DATABASE "{template.name}" WITH (FORCE)')

    @asynccontextmanager
    async def copy(self) -> AsyncIterator[str]:
        """The URL of a database of one's own, as the role that owns it (no superuser); dropped afterwards."""
        name = f"test_{secrets.token_hex(6)}"
        await self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{self.name}" OWNER "{OWNER}"')
        yield self.url_of(name)
        await self._execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def url_of(self, name: str) -> str:
        server = urlsplit(self.superuser_url)
        return f"postgresql://{OWNER}:{server.password}@{server.hostname}:{server.port}/{name}"

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self.superuser_url, timeout=10)
        try:
            await connection.execute(statement)
        finally:
            await connection.close(timeout=10)
