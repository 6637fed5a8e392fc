"""Whether the schema in the database is one that this code works on."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from shared.errors import Unavailable
from shared.postgres.pool import Database


class SchemaMismatch(Unavailable):
    """The schema is older than this code, or one that it does not know: waiting does not help."""


@dataclass(frozen=True)
class Schema:
    name: str
    """The schema's, and that of the service which owns it."""
    migrations: Path

    @cached_property
    def revisions(self) -> tuple[str, ...]:
        """All that this code knows, the newest last: the name of a file in `versions` starts with its own.

        Read from the folder once: readiness checks by it every few seconds, on the event loop.
        """
        return tuple(
            sorted(path.name.partition("_")[0] for path in (self.migrations / "versions").glob("[0-9]*.py"))
        )

    async def require_current(self, database: Database) -> None:
        """For serving, to which a newer schema than this code knows is no obstacle.

        Raises `SchemaMismatch` when it is older or not there, and `Unavailable`.
        """
        await self._revision(database)

    async def require_known(self, database: Database) -> None:
        """For a command. Raises `SchemaMismatch` unless it is that of this release, and `Unavailable`."""
        revision = await self._revision(database)
        if revision not in self.revisions:
            raise SchemaMismatch(
                f"schema {self.name} is not one that this release knows",
                detail=f"revision {revision}, expected {self.revisions[-1]}",
            )

    async def _revision(self, database: Database) -> str:
        async with database.connection() as connection:
            there = await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", f"{self.name}.alembic_version")
            revision = await connection.fetchval("SELECT version_num FROM alembic_version") if there else None
        if revision is None or revision in self.revisions[:-1]:
            raise SchemaMismatch(
                f"the schema is not up to date: run `python -m services.{self.name} migrate`",
                detail=f"revision {revision}, expected {self.revisions[-1]}",
            )
        return str(revision)
