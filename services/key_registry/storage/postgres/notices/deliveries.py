"""The queue of deliveries. Leases count by PostgreSQL's clock, what is due by the registry's."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from services.key_registry.events.webhooks.ports import ClaimedWebhook, DueDelivery, Finished, Outcome
from services.key_registry.events.webhooks.schedule import RETRIED_FOR
from services.key_registry.ports.events import Event
from shared.postgres.pool import Database

LEASE = timedelta(seconds=30)
"""For one attempt and what is written of it: more than an attempt can take."""
MAX_KEPT_ATTEMPTS = 50
"""Of one delivery."""
MAX_GIVEN_UP = 1000
"""Deliveries, with one attempt that failed."""
_OF_WEBHOOK = ("url", "failures", "sealed_secret", "previous_sealed_secret", "previous_secret_until")

# Webhooks are few, and each look into their deliveries is one into an index of what is pending.
_CLAIM = """
WITH candidate AS (
    SELECT w.id FROM webhook w
    WHERE w.enabled AND (w.failures = 0 AND w.last_delivered_at IS NOT NULL) = $3
        AND (w.leased_until IS NULL OR w.leased_until < clock_timestamp())
        AND (w.paused_until IS NULL OR w.paused_until <= $1)
        AND EXISTS (SELECT FROM webhook_delivery d
            WHERE d.webhook_id = w.id AND d.state = 'pending' AND d.next_attempt_at <= $1)
    ORDER BY w.last_attempt_at NULLS FIRST LIMIT $2 FOR UPDATE SKIP LOCKED
)
UPDATE webhook w SET lease = $4, leased_until = clock_timestamp() + $5
FROM candidate WHERE w.id = candidate.id
RETURNING w.id, w.url, w.failures, w.sealed_secret, w.previous_sealed_secret, w.previous_secret_until
"""
_DUE = """
SELECT d.id AS delivery, d.tries, d.give_up_at, c.client_prefix,
    e.id, e.type, e.at, e.company_id, e.request_id, e.data,
    w.id AS webhook, w.url, w.failures, w.sealed_secret, w.previous_sealed_secret, w.previous_secret_until
FROM webhook_delivery d JOIN webhook w ON w.id = d.webhook_id AND w.enabled AND w.lease = $3
JOIN event e ON e.number = d.event_number
LEFT JOIN company c ON c.id = CASE WHEN e.company_id ~ '^[0-9a-f-]{36}$' THEN e.company_id::uuid END
WHERE d.webhook_id = $1 AND d.state = 'pending' AND d.next_attempt_at <= $2
ORDER BY d.next_attempt_at, d.id LIMIT 1
"""
_FINISH = """
UPDATE webhook_delivery SET state = $3, next_attempt_at = $4, give_up_at = $5, tries = tries + 1,
    finished_at = CASE WHEN $3 = 'pending' THEN NULL ELSE $6::timestamptz END,
    attempts = CASE WHEN jsonb_array_length(attempts) >= $8 THEN attempts - 0 ELSE attempts END || $7::jsonb
WHERE webhook_id = $1 AND id = $2 AND state = 'pending' AND tries = $9
"""
_SUCCEEDED = """
UPDATE webhook SET failures = 0, failing_since = NULL, paused_until = NULL, last_attempt_at = $2,
    last_delivered_at = $2
WHERE id = $1
"""
_FAILED = """
UPDATE webhook SET failures = failures + 1, failing_since = coalesce(failing_since, $2), last_attempt_at = $2,
    paused_until = $3
WHERE id = $1
"""
_GIVE_UP = """
WITH late AS (
    SELECT d.id FROM webhook_delivery d
    JOIN webhook w ON w.id = d.webhook_id JOIN event e ON e.number = d.event_number
    WHERE d.webhook_id = $1 AND d.state = 'pending' AND w.failing_since <= $2::timestamptz - $3::interval
        AND coalesce(d.give_up_at, e.at + $3) <= $2 LIMIT $4
), given_up AS (
    UPDATE webhook_delivery d SET state = 'dead', next_attempt_at = NULL, finished_at = $2
    FROM late WHERE d.id = late.id RETURNING 1
)
SELECT count(*) FROM given_up
"""
_KEEP = "UPDATE webhook SET leased_until = clock_timestamp() + $3 WHERE id = $1 AND lease = $2 RETURNING true"
_RELEASE = """
UPDATE webhook SET lease = NULL, leased_until = NULL WHERE lease = $1 AND ($2::uuid IS NULL OR id = $2)
"""


class PostgresDeliveryQueue:
    """Of one process, which has a lease on what it claims."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lease = uuid4()

    async def claim(self, now: datetime, limit: int, *, proven: bool) -> Sequence[ClaimedWebhook]:
        async with self._database.connection() as connection:
            found = await connection.fetch(_CLAIM, now, limit, proven, self._lease, LEASE)
        return [ClaimedWebhook(**record) for record in found]

    async def next_due(self, webhook_id: UUID, now: datetime) -> DueDelivery | None:
        async with self._database.connection() as connection:
            record = await connection.fetchrow(_DUE, webhook_id, now, self._lease)
        if record is None:
            return None
        event = Event(*(record[name] for name in ("id", "type", "at", "company_id", "request_id", "data")))
        webhook = ClaimedWebhook(record["webhook"], *(record[name] for name in _OF_WEBHOOK))
        of_delivery = (record[name] for name in ("client_prefix", "tries", "give_up_at"))
        return DueDelivery(record["delivery"], webhook, event, *of_delivery)

    async def finish(self, due: DueDelivery, outcome: Outcome) -> Finished:
        attempt, pause, webhook_id, given_up = outcome.attempt, outcome.pause, due.webhook.id, 0
        written = (outcome.state, outcome.next_attempt_at, outcome.give_up_at, attempt.at, [attempt.as_json()])
        async with self._database.transaction() as connection:
            await connection.execute(_FINISH, webhook_id, due.id, *written, MAX_KEPT_ATTEMPTS, due.tries)
            if pause is None:
                await connection.execute(_SUCCEEDED, webhook_id, attempt.at)
            else:
                await connection.execute(_FAILED, webhook_id, attempt.at, attempt.at + pause)
                late = (attempt.at, RETRIED_FOR, MAX_GIVEN_UP)
                given_up = await connection.fetchval(_GIVE_UP, webhook_id, *late)
            mine = await connection.fetchval(_KEEP, webhook_id, self._lease, LEASE) is not None
        return Finished(mine, given_up)

    async def release(self, webhook_id: UUID | None = None) -> None:
        async with self._database.connection() as connection:
            await connection.execute(_RELEASE, self._lease, webhook_id)
