"""Events, and which notice of an expiry is next."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

from services.key_registry.catalog.expiry import EXPIRING_KINDS
from services.key_registry.events.ports import EventFilter, KeptEvent
from services.key_registry.ports.events import Event, Expiring, ExpiryNotice
from services.key_registry.storage.postgres.pruning import delete_in_batches
from shared.postgres.pool import Connection, Database

_APPEND = """
WITH written AS (
    INSERT INTO event (id, type, at, company_id, request_id, data, once) VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (once) DO NOTHING RETURNING number, type, at, company_id
), delivery AS (
    INSERT INTO webhook_delivery (webhook_id, event_number, created_at, next_attempt_at)
    SELECT w.id, written.number, written.at, written.at FROM written JOIN webhook w
        ON w.enabled AND (w.company_id IS NULL OR w.company_id::text = written.company_id)
        AND (cardinality(w.types) = 0 OR written.type = ANY (w.types))
)
SELECT number FROM written
"""
"""The event, and what is to be delivered of it."""
_SELECT = "SELECT number, id, type, at, company_id, request_id, data FROM event WHERE true"
_PRUNE = """
DELETE FROM event WHERE number IN (SELECT number FROM event WHERE at < to_timestamp($1) ORDER BY at LIMIT $2)
"""
_DUE = """
SELECT kind, credential_id AS id, expires_at, days, due_at FROM expiry_notice
WHERE due_at <= $1 ORDER BY due_at LIMIT $2
"""
_SCHEDULE = """
INSERT INTO expiry_notice (credential_id, kind, expires_at, days, due_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (credential_id) DO UPDATE
SET expires_at = excluded.expires_at, days = excluded.days, due_at = excluded.due_at
"""
_CANCEL = "DELETE FROM expiry_notice WHERE credential_id = $1"
_UNSCHEDULED_OF = """
(SELECT '{kind}' AS kind, id, expires_at FROM {kind} AS credential WHERE expires_at > $1 AND status <> 'revoked'
AND NOT EXISTS (SELECT FROM expiry_notice AS notice WHERE notice.credential_id = credential.id
AND notice.expires_at = credential.expires_at) LIMIT $2)
"""
_UNSCHEDULED = " ".join(
    (" UNION ALL ".join(_UNSCHEDULED_OF.replace("{kind}", kind) for kind in EXPIRING_KINDS), "LIMIT $2")
)


class PostgresEventReader:
    """The part of the reader that is about notices."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def unscheduled(self, after: datetime, limit: int) -> Sequence[Expiring]:
        return [Expiring(**record) for record in await self._connection.fetch(_UNSCHEDULED, after, limit)]

    async def due_notices(self, now: datetime, limit: int) -> Sequence[ExpiryNotice]:
        return [
            ExpiryNotice(
                Expiring(record["kind"], record["id"], record["expires_at"]), record["days"], record["due_at"]
            )
            for record in await self._connection.fetch(_DUE, now, limit)
        ]


class PostgresEventWriter(PostgresEventReader):
    """The part of the writer that is about events; one writes at a time, so that numbers grow with commits."""

    async def append_event(self, event: Event, once: str | None) -> bool:
        of = (event.company_id, event.request_id, dict(event.data))
        return await self._connection.fetchval(_APPEND, event.id, event.type, event.at, *of, once) is not None

    async def schedule_notice(self, notice: ExpiryNotice) -> None:
        credential = notice.credential
        of = (credential.id, credential.kind, credential.expires_at)
        await self._connection.execute(_SCHEDULE, *of, notice.days, notice.due_at)

    async def cancel_notice(self, credential_id: UUID) -> None:
        await self._connection.execute(_CANCEL, credential_id)


class PostgresEvents:
    def __init__(self, database: Database) -> None:
        self._database = database
        self.prune = partial(delete_in_batches, database, _PRUNE)

    async def newest(self, which: EventFilter, before: int | None, limit: int) -> Sequence[KeptEvent]:
        wanted = {
            "number <": before,
            "company_id =": which.company_id,
            "type =": which.type,
            "at >=": which.start,
            "at <": which.end,
        }
        given = {condition: value for condition, value in wanted.items() if value is not None}
        conditions = "".join(f" AND {condition} ${n}" for n, condition in enumerate(given, 2))
        statement = f"{_SELECT}{conditions} ORDER BY number DESC LIMIT $1"
        async with self._database.connection() as connection:
            return [_kept(**record) for record in await connection.fetch(statement, limit, *given.values())]


def _kept(number: int, **event: object) -> KeptEvent:
    return KeptEvent(number, Event(**event))  # type: ignore[arg-type]
