"""A database of which copies can be kept that later take its place: what dumps and restores are, only faster."""

import asyncio
from dataclasses import dataclass

import asyncpg

from tests.support.harness.database_template import copied_from


@dataclass
class DatabaseCopies:
    superuser_url: str
    name: str

    @property
    def copy(self) -> str:
        return f"{self.name}_copy"

    async def keep(self) -> None:
        """In place of a dump that was kept before."""
        await self.discard()
        await self._execute(self.name, f'CREATE DATABASE "{self.copy}" {copied_from(self.name)}')

    async def go_back(self) -> None:
        """What a restore does, and a failover to a replica that lagged: what came after `keep` is lost."""
        lost = f"{self.name}_lost"
        await self._execute(
            self.name,
            f'ALTER DATABASE "{self.name}" RENAME TO "{lost}"',
            f'CREATE DATABASE "{self.name}" {copied_from(self.copy)}',
            f'DROP DATABASE "{lost}" WITH (FORCE)',
        )

    async def discard(self) -> None:
        connection = await asyncpg.connect(self.superuser_url, timeout=10)
        await connection.execute(f'DROP DATABASE IF EXISTS "{self.copy}" WITH (FORCE)')
        await connection.close(timeout=10)

    async def _execute(self, closed: str, *statements: str) -> None:
        connection = await asyncpg.connect(self.superuser_url, timeout=10)
        try:
            await connection.execute(f'ALTER DATABASE "{closed}" ALLOW_CONNECTIONS false')
            await _empty(connection, closed)
            for statement in statements:
                await connection.execute(statement)
            await connection.execute(f'ALTER DATABASE "{self.name}" ALLOW_CONNECTIONS true')
        finally:
            await connection.close(timeout=10)


async def _empty(connection: "asyncpg.Connection[asyncpg.Record]", name: str) -> None:
    """End all sessions, those too that were let in just before and are seen a moment later."""
    empty = 0
    while empty < 3:
        sessions = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1"
        empty = 0 if await connection.fetch(sessions, name) else empty + 1
        await asyncio.sleep(0.05)
