"""Webhooks, as admins see and change them, and their deliveries."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from services.key_registry.events.webhooks.ports import KeptDelivery
from services.key_registry.events.webhooks.schedule import RETRIED_FOR
from services.key_registry.ports.webhooks import DeliveryState, Webhook
from services.key_registry.storage.postgres.notices.events import PostgresEventReader
from shared.postgres.pool import Database

_KEPT = ("id", "company_id", "created_at")
_CHANGED = (
    *("name", "url", "types", "enabled", "updated_at"),
    *("sealed_secret", "previous_sealed_secret", "previous_secret_until"),
)
_COLUMNS = ", ".join((*_KEPT, *_CHANGED, "failing_since", "last_delivered_at"))
_FIND = " ".join(("SELECT", _COLUMNS, "FROM webhook WHERE id = $1"))
_NEWEST = " ".join(
    (
        *("SELECT", _COLUMNS, "FROM webhook WHERE ($2::uuid IS NULL OR company_id = $2)"),
        "AND ($3::uuid IS NULL OR id < $3) ORDER BY id DESC LIMIT $1",
    )
)
_INSERT = " ".join(
    (
        f"INSERT INTO webhook ({', '.join((*_KEPT, *_CHANGED))})",
        f"VALUES ({', '.join(f'${n}' for n in range(1, len(_KEPT) + len(_CHANGED) + 1))})",
    )
)
_UPDATE = " ".join(
    (
        *("UPDATE webhook SET", ", ".join(f"{name} = ${n}" for n, name in enumerate(_CHANGED, 2))),
        ", paused_until = NULL WHERE id = $1",
    )
)
_REPLAY = """
UPDATE webhook_delivery
SET state = 'pending', tries = 0, next_attempt_at = $3, finished_at = NULL,
    give_up_at = $3::timestamptz + $4::interval
WHERE webhook_id = $1 AND id = $2 RETURNING id
"""
_DELIVERIES = """
SELECT d.id, e.id AS event_id, e.type AS event_type, d.state, d.created_at, d.next_attempt_at, d.finished_at,
    d.attempts
FROM webhook_delivery d JOIN event e ON e.number = d.event_number WHERE d.webhook_id = $2
"""


class PostgresWebhookWriter(PostgresEventReader):
    """The part of the writer that is about webhooks."""

    async def find_webhook(self, id_: UUID) -> Webhook | None:
        return _webhook(await self._connection.fetchrow(_FIND, id_))

    async def count_webhooks(self, company_id: UUID | None) -> int:
        statement = "SELECT count(*) FROM webhook WHERE company_id IS NOT DISTINCT FROM $1"
        return int(await self._connection.fetchval(statement, company_id))

    async def insert_webhook(self, webhook: Webhook) -> None:
        await self._connection.execute(_INSERT, *(getattr(webhook, name) for name in (*_KEPT, *_CHANGED)))

    async def update_webhook(self, webhook: Webhook) -> None:
        await self._connection.execute(_UPDATE, webhook.id, *(getattr(webhook, name) for name in _CHANGED))

    async def delete_webhook(self, id_: UUID) -> None:
        await self._connection.execute("DELETE FROM webhook WHERE id = $1", id_)

    async def replay_delivery(self, webhook_id: UUID, delivery_id: int, now: datetime) -> bool:
        return await self._connection.fetchval(_REPLAY, webhook_id, delivery_id, now, RETRIED_FOR) is not None


class PostgresWebhooks:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, id_: UUID) -> Webhook | None:
        async with self._database.connection() as connection:
            return _webhook(await connection.fetchrow(_FIND, id_))

    async def newest(self, company_id: UUID | None, before: UUID | None, limit: int) -> Sequence[Webhook]:
        async with self._database.connection() as connection:
            found = await connection.fetch(_NEWEST, limit, company_id, before)
        return [webhook for record in found if (webhook := _webhook(record)) is not None]

    async def deliveries(
        self,
        webhook_id: UUID,
        before: int | None,
        limit: int,
        *,
        state: DeliveryState | None,
        event_id: UUID | None,
    ) -> Sequence[KeptDelivery]:
        wanted = {"d.id <": before, "d.state =": state, "e.id =": event_id}
        given = {condition: value for condition, value in wanted.items() if value is not None}
        conditions = "".join(f" AND {condition} ${n}" for n, condition in enumerate(given, 3))
        statement = f"{_DELIVERIES}{conditions} ORDER BY d.id DESC LIMIT $1"
        async with self._database.connection() as connection:
            found = await connection.fetch(statement, limit, webhook_id, *given.values())
        return [KeptDelivery(**record) for record in found]

    async def delivery(self, webhook_id: UUID, delivery_id: int) -> KeptDelivery | None:
        found = await self.deliveries(webhook_id, delivery_id + 1, 1, state=None, event_id=None)
        return found[0] if found and found[0].id == delivery_id else None


def _webhook(record: Any) -> Webhook | None:
    return None if record is None else Webhook(**{**record, "types": tuple(record["types"])})
