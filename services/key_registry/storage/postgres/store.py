"""Objects in PostgreSQL, read freely and written by one transaction at a time."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

import asyncpg

from services.key_registry.audit_trail.chain import Head, Line
from services.key_registry.catalog.permissions import Admin
from services.key_registry.catalog.resources import RESOURCES, Resource, Row
from services.key_registry.history.guard import HistoryGuard
from services.key_registry.history.ports import CopyProgress
from services.key_registry.history.records import ORIGIN, Position
from services.key_registry.ports.events import Event
from services.key_registry.ports.store import AlreadyExists, KeptRevocation, Listing, Remembered, RevocationListing
from services.key_registry.storage.postgres import MIGRATIONS, SCHEMA
from services.key_registry.storage.postgres.audit_trail.lines import append, head_and_written
from services.key_registry.storage.postgres.notices.events import PostgresEventReader, PostgresEventWriter
from services.key_registry.storage.postgres.notices.webhooks import PostgresWebhookWriter
from services.key_registry.storage.postgres.people.store import PostgresPeopleReader, PostgresPeopleWriter
from services.key_registry.storage.postgres.report_only import PostgresTrialReader, PostgresTrialWriter
from services.key_registry.storage.postgres.statements import (
    APPEND_CHANGE,
    BEGIN,
    BOOKED_SCOPES,
    LAST_CHANGE,
    MARK,
    RECALL,
    REMEMBER,
    REVOCATIONS,
    STATEMENTS,
    STOP,
    UNIQUE,
    WRITER_LOCK_ID,
    count,
    listing,
    query_of,
)
from services.key_registry.storage.postgres.versions import PostgresVersionReader, PostgresVersionWriter
from services.key_registry.storage.turns import WriterTurns
from shared.contracts.key_registry import Kind, Revocation, Status
from shared.contracts.limits import ObjectLimits
from shared.errors import Conflict, Unavailable
from shared.postgres.pool import Connection, Database
from shared.postgres.schema import Schema

MAX_IDLE = "2s"
"""A writer that says nothing for so long (its process is stopped, its network is gone) loses the lock."""


class PostgresReader(PostgresVersionReader, PostgresEventReader, PostgresPeopleReader, PostgresTrialReader):
    async def find_all(self, resource: Resource, ids: Collection[UUID]) -> Sequence[Row]:
        if not ids:
            return []
        return [dict(r) for r in await self._connection.fetch(STATEMENTS[resource.kind].find_all, list(ids))]

    async def identify(self, resource: Resource, public_name: str) -> UUID | None:
        statement = STATEMENTS[resource.kind].identify
        id_: UUID | None = None
        if statement is not None:
            id_ = await self._connection.fetchval(statement, public_name)
        return id_

    async def list(self, resource: Resource, which: Listing) -> Sequence[Row]:
        soon = which.expires_soon
        values = [*which.equals.values()]
        values += [query_of(which.words)] if which.words else []
        values += [] if which.booked_by is None else [which.booked_by]
        values += [] if soon is None else [soon.now, soon.until]
        records = await self._connection.fetch(listing(resource, which), which.limit, which.before, *values)
        return [dict(record) for record in records]

    async def booked_scopes(self, company_id: UUID) -> Sequence[str]:
        return [record[0] for record in await self._connection.fetch(BOOKED_SCOPES, company_id)]

    async def revocations(self, which: RevocationListing) -> Sequence[KeptRevocation]:
        conditions = [f"{column} = ${n}" for n, column in enumerate(which.equals, 4)]
        statement = " ".join((" AND ".join([REVOCATIONS, *conditions]), "ORDER BY number DESC LIMIT $1"))
        values = (which.limit, which.before, list(RESOURCES), *which.equals.values())
        records = await self._connection.fetch(statement, *values)
        return [KeptRevocation(**record) for record in records]

    async def last_change(self, id_: str) -> int:
        return int(await self._connection.fetchval(LAST_CHANGE, id_))

    async def recall(self, admin_id: UUID, key: bytes, since: datetime) -> Remembered | None:
        record = await self._connection.fetchrow(RECALL, admin_id, key, since)
        return None if record is None else Remembered(record["request"], record["sealed"])


class PostgresWriter(
    PostgresReader,
    PostgresVersionWriter,
    PostgresEventWriter,
    PostgresWebhookWriter,
    PostgresPeopleWriter,
    PostgresTrialWriter,
):
    def __init__(self, connection: Connection, guard: HistoryGuard | None = None) -> None:
        super().__init__(connection)
        self.recorded = False
        """Whether there is something new among the events, once it is committed."""
        self._guard = guard
        self.audit: Head | None = None
        """Where the audit trail ends by what it has added, once it is committed."""
        self.head: Position | None = None
        """The last position that it has added to the feed, once it is committed."""
        self.not_below = 0
        """Changes that it adds have positions above this one, and above all that are there."""

    async def insert(self, resource: Resource, row: Row) -> None:
        try:
            values = (row[column] for column in resource.columns)
            await self._connection.execute(STATEMENTS[resource.kind].insert, *values)
        except asyncpg.UniqueViolationError as error:
            raise AlreadyExists(UNIQUE.get(error.constraint_name or "", "a value")) from None

    async def update(self, resource: Resource, row: Row) -> None:
        statements = STATEMENTS[resource.kind]
        values = (row[column] for column in statements.updated)
        await self._connection.execute(statements.update, row["id"], *values)

    async def delete(self, resource: Resource, id_: UUID) -> None:
        try:
            await self._connection.execute(STATEMENTS[resource.kind].delete, id_)
        except (asyncpg.RestrictViolationError, asyncpg.ForeignKeyViolationError):  # from PostgreSQL 18 on; before
            raise Conflict("it cannot be deleted: something refers to it") from None

    async def count(self, resource: Resource, column: str, value: UUID) -> int:
        return int(await self._connection.fetchval(count(resource, column), value))

    async def append_event(self, event: Event, once: str | None) -> bool:
        self.recorded = True
        return await super().append_event(event, once)

    async def append_change(
        self,
        kind: Kind,
        id_: str,
        status: Status,
        at: float,
        until: float | None,
        company_id: str | None = None,
        limits: ObjectLimits | None = None,
    ) -> int:
        changed = None if limits is None else limits.model_dump(exclude_defaults=True)
        values = (kind, id_, status, at, until, company_id, changed, self.not_below)
        seq, mark = await self._connection.fetchrow(APPEND_CHANGE, *values)
        self.head = Position(seq, mark)
        return int(seq)

    async def audit_head(self, ids: Sequence[str]) -> tuple[Head, frozenset[str]]:
        head, known = await head_and_written(self._connection, ids)
        if self._guard is not None and self.audit is None:
            self._guard.confirm_audit(head)
        return head, known

    async def append_audit(self, lines: Sequence[Line]) -> None:
        await append(self._connection, lines)
        self.audit = Head(lines[-1].seq, lines[-1].hash)

    async def stop(self, stopped: Revocation, at: float) -> bool:
        values = (stopped.kind, stopped.id, stopped.until, stopped.company_id, stopped.reason[:255], at)
        return await self._connection.fetchval(STOP, *values) is not None

    async def keep_stopped(self, kind: Kind, id_: str, until: float, at: float, reason: str = "deleted") -> None:
        await self._connection.execute(STOP, kind, id_, until, None, reason, at)

    async def remember(self, admin_id: UUID, key: bytes, response: Remembered, at: datetime) -> None:
        await self._connection.execute(REMEMBER, admin_id, key, response.request, response.sealed, at)


class PostgresStore:
    """`timeout` bounds a write, waiting for one's turn included, in seconds.

    `on_change` is called when a write may have added to the feed, `on_event` when one may have to the events.
    By None writes a service, the registry itself, or whoever proves in the write who they are.
    With a `guard`, nothing is read or written in a history that was set back: that raises `Unavailable`. A write
    returns once `copies` have what it changed.
    """

    def __init__(
        self,
        database: Database,
        *,
        timeout: float = 0.8,
        on_change: Callable[[], None] = lambda: None,
        on_event: Callable[[], None] = lambda: None,
        guard: HistoryGuard | None = None,
        copies: CopyProgress | None = None,
    ) -> None:
        self._database = database
        self._timeout = timeout
        self._on_change = on_change
        self._on_event = on_event
        self._guard = guard
        self._copies = copies
        self._turns = WriterTurns()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[PostgresReader]:
        expected = ORIGIN if self._guard is None else self._guard.expected()
        async with self._database.connection() as connection:
            yield PostgresReader(connection)
            if self._guard is not None and expected != ORIGIN:
                # Last, so that all that was read is of a history that had this position.
                self._guard.confirm_mark(expected, await connection.fetchval(MARK, expected.seq))

    @asynccontextmanager
    async def writing(self, *, by: Admin | None) -> AsyncIterator[PostgresWriter]:
        expected = ORIGIN if self._guard is None else self._guard.expected()
        writer = None
        try:
            turn, transaction = self._turns.turn("" if by is None else by.turn), self._database.transaction()
            async with asyncio.timeout(self._timeout), turn, transaction as connection:
                *_, mark = await connection.fetchrow(BEGIN, WRITER_LOCK_ID, MAX_IDLE, expected.seq)
                if self._guard is not None:
                    self._guard.confirm_mark(expected, mark)
                writer = PostgresWriter(connection, self._guard)
                if by is not None:
                    await by.confirm(writer)
                yield writer
        except TimeoutError:
            raise Unavailable("too much is being written at once") from None
        finally:
            if writer is not None and writer.head is not None:
                self._on_change()  # also after a failure: the commit may have been what did not come back
            if writer is not None and writer.recorded:
                self._on_event()
        if self._guard is not None:
            self._guard.note(writer.head, writer.audit)
        if writer.head is not None and self._copies is not None:
            await self._copies.wait_for(writer.head.seq)

    async def check(self) -> None:
        """Raises `Unavailable` unless the schema is there and new enough; a newer one than this code knows is."""
        await Schema(SCHEMA, MIGRATIONS).require_current(self._database)
