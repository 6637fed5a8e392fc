"""Counts of calls that would have been refused, in PostgreSQL: one row for a day and whatever is alike in it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from services.key_registry.ports.trials import Trial
from services.key_registry.refused_calls.report_only.ports import (
    BATCH_IDS_KEPT_S,
    KEPT_DAYS,
    MAX_ROWS_A_DAY,
    DayCount,
    DefinedScopes,
    ReportOnlyFilter,
)
from shared.contracts.report_only import (
    MAX_REPORT_ONLY_SCOPES,
    MAX_TRIAL_STOPS,
    OTHER,
    ReportOnlyBatch,
    ReportOnlyCount,
    TrialStop,
)
from shared.postgres.pool import Connection, Database

_BATCH = "INSERT INTO report_only_batch (id) VALUES ($1::uuid) ON CONFLICT DO NOTHING RETURNING true"
_FULL = """
SELECT count(*) >= $1 FROM (
    SELECT 1 FROM report_only_count WHERE day = (clock_timestamp() AT TIME ZONE 'UTC')::date LIMIT $1
) AS rows
"""
_ADD = """
INSERT INTO report_only_count AS kept
    (day, company_id, cause, kind, name, count, first_at, last_at, last_request_id)
SELECT (clock_timestamp() AT TIME ZONE 'UTC')::date, company_id, cause, kind, name, sum(count),
    to_timestamp(min(first_at)), to_timestamp(max(last_at)), max(last_request_id)
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::float8[], $7::float8[], $8::text[])
    AS new (company_id, cause, kind, name, count, first_at, last_at, last_request_id)
GROUP BY company_id, cause, kind, name
ORDER BY company_id, cause, kind, name
ON CONFLICT (day, company_id, cause, kind, name) DO UPDATE
SET count = kept.count + excluded.count,
    first_at = least(kept.first_at, excluded.first_at),
    last_at = greatest(kept.last_at, excluded.last_at),
    last_request_id = CASE WHEN excluded.last_at >= kept.last_at
        THEN excluded.last_request_id ELSE kept.last_request_id END
"""
"""In one order, so that two who add at the same time do not wait for each other in a circle."""
_NEWEST = """
SELECT number, day, company_id, cause, kind, name, count, first_at, last_at, last_request_id
FROM report_only_count WHERE ($1::bigint IS NULL OR number < $1)
"""
_PRUNE_COUNTS = "DELETE FROM report_only_count WHERE day < (clock_timestamp() AT TIME ZONE 'UTC')::date - $1::int"
_KEEP_TRIAL = """
INSERT INTO trial_stop AS kept (id, kind, company_id, status, until)
SELECT $1, $2, $3, $4, $5 WHERE (SELECT count(*) FROM trial_stop WHERE until > clock_timestamp() AND id <> $1) < $6
ON CONFLICT (id) DO UPDATE SET status = excluded.status, until = excluded.until
RETURNING true
"""
_RUNNING_TRIAL = """
SELECT kind, id, company_id, status, until FROM trial_stop WHERE id = $1 AND until > clock_timestamp()
"""
_END_TRIAL = "DELETE FROM trial_stop WHERE id = $1 AND until > clock_timestamp() RETURNING true"
_TRIALS = """
SELECT id::text, status, extract(epoch FROM until)::float8 AS until FROM trial_stop WHERE until > clock_timestamp()
LIMIT $1
"""
_REPORT_ONLY_SCOPES = """
SELECT array_agg(scope) FROM (
    SELECT unnest(report_only_scopes) AS scope FROM application WHERE status = 'active'
    ORDER BY created_at, id LIMIT $1
) AS scopes
"""
_ENFORCED_SCOPES = """
SELECT coalesce(array_agg(DISTINCT scope), '{}') FROM application, unnest(scopes) AS scope
WHERE status = 'active' AND scope <> ALL (report_only_scopes)
"""
_DEFINED_SCOPES = "SELECT DISTINCT unnest(scopes) FROM application"
_PRUNE_TRIALS = "DELETE FROM trial_stop WHERE until < clock_timestamp()"
_PRUNE_BATCHES = "DELETE FROM report_only_batch WHERE at < clock_timestamp() - make_interval(secs => $1)"


class PostgresReportOnly:
    """A day is that of the database, in UTC, on which a count arrives."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, batch: ReportOnlyBatch) -> None:
        async with self._database.transaction() as connection:
            if not await connection.fetchval(_BATCH, batch.id):
                return
            counts: Sequence[ReportOnlyCount] = batch.counts
            if await connection.fetchval(_FULL, MAX_ROWS_A_DAY):
                counts = [count.model_copy(update={"company_id": "", "name": OTHER}) for count in counts]
            await connection.execute(_ADD, *_columns(counts))

    async def prune(self) -> None:
        async with self._database.connection() as connection:
            await connection.execute(_PRUNE_COUNTS, KEPT_DAYS)
            await connection.execute(_PRUNE_BATCHES, BATCH_IDS_KEPT_S)
            await connection.execute(_PRUNE_TRIALS)

    async def trials(self) -> Sequence[TrialStop]:
        async with self._database.connection() as connection:
            return [TrialStop(**record) for record in await connection.fetch(_TRIALS, MAX_TRIAL_STOPS)]

    async def scopes(self) -> DefinedScopes:
        async with self._database.connection() as connection:
            if not (found := await connection.fetchval(_REPORT_ONLY_SCOPES, MAX_REPORT_ONLY_SCOPES)):
                return DefinedScopes((), ())
            return DefinedScopes(found, await connection.fetchval(_ENFORCED_SCOPES))

    async def defined_scopes(self) -> Sequence[str]:
        async with self._database.connection() as connection:
            return [scope for (scope,) in await connection.fetch(_DEFINED_SCOPES)]

    async def newest(self, which: ReportOnlyFilter, before: int | None, limit: int) -> Sequence[DayCount]:
        wanted = {
            "company_id =": which.company_id,
            "cause =": which.cause,
            "kind =": which.kind,
            "name =ANY": which.names,
            "day >=": which.start,
            "day <": which.end,
        }
        given = {condition: value for condition, value in wanted.items() if value is not None}
        conditions = "".join(f" AND {condition} (${n})" for n, condition in enumerate(given, 3))
        statement = f"{_NEWEST}{conditions} ORDER BY number DESC LIMIT $2"
        async with self._database.connection() as connection:
            records = await connection.fetch(statement, before, limit, *given.values())
        return [DayCount(**record) for record in records]


class PostgresTrialReader:
    _connection: Connection

    async def running_trial(self, id_: UUID) -> Trial | None:
        found = await self._connection.fetchrow(_RUNNING_TRIAL, id_)
        return None if found is None else Trial(**found)


class PostgresTrialWriter(PostgresTrialReader):
    """In the transaction of its connection."""

    async def keep_trial(self, trial: Trial) -> bool:
        values = (trial.id, trial.kind, trial.company_id, trial.status, trial.until)
        return await self._connection.fetchval(_KEEP_TRIAL, *values, MAX_TRIAL_STOPS) is not None

    async def end_trial(self, id_: UUID) -> bool:
        return await self._connection.fetchval(_END_TRIAL, id_) is not None


def _columns(counts: Sequence[ReportOnlyCount]) -> list[list[Any]]:
    names = ("company_id", "cause", "kind", "name", "count", "first_at", "last_at", "last_request_id")
    return [[getattr(count, name) for count in counts] for name in names]
