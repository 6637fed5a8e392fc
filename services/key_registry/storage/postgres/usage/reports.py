"""What is known of usage in PostgreSQL."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from services.key_registry.catalog.expiry import EXPIRING_KINDS
from services.key_registry.storage.postgres.pruning import delete_in_batches, each
from services.key_registry.storage.postgres.usage import batches
from services.key_registry.usage.ports import (
    ADDRESSES_KEPT_S,
    DAYS_KEPT_S,
    HOURS_KEPT_S,
    SILENT_AFTER_S,
    SOURCES_KEPT_S,
    By,
    Distinct,
    Group,
    Live,
    UsageFilter,
    UsageQuery,
    UsageRow,
)
from shared.contracts.usage.messages import UsageBatch
from shared.postgres.pool import Database

_ROWS = """
SELECT at, {groups} jsonb_object_agg(outcome || ' ' || cause, calls) AS calls FROM (
    SELECT {at} AS at, {groups} outcome, cause, sum(calls)::bigint AS calls FROM usage_{table}
    WHERE {conditions}{newest} GROUP BY {at}, {groups} outcome, cause
    ORDER BY {at} DESC {order}
) c GROUP BY {groups} at ORDER BY at DESC{most}{order} LIMIT {limit} OFFSET {offset}
"""
"""In the order of the result from within, so that no more groups are made than the page has."""
_NEWEST = """ AND at >= (
    SELECT min(at) FROM (SELECT DISTINCT at FROM usage_{table} WHERE {conditions} ORDER BY at DESC LIMIT {most}) n
)"""
"""A page of so many rows is of so many periods at most: the index leads to them, and no older ones are read."""
_PERIODS: Mapping[By, timedelta] = {"hour": timedelta(hours=1), "day": timedelta(days=1)}
_SKETCHES = (
    "SELECT {at} AS at, {groups} sketch FROM distinct_{table} WHERE {conditions} AND what = {what} LIMIT {limit}"
)
_CALLS = "SELECT coalesce(sum(calls), 0)::bigint FROM usage_hour WHERE {conditions} AND outcome <> 'refused'"
_TOKENS = """
SELECT what, sum(tokens)::bigint AS tokens FROM issued_tokens i
WHERE {conditions} AND expires_at > now() AND NOT EXISTS (
    SELECT FROM credential_version v
    WHERE v.credential_id = i.credential_id AND v.version = i.version AND v.revoked
    UNION ALL SELECT FROM access_key c WHERE c.id = i.credential_id AND c.status = 'revoked'
    UNION ALL SELECT FROM api_client c WHERE c.id = i.credential_id AND c.status = 'revoked'
    UNION ALL SELECT FROM key_pair c WHERE c.id = i.credential_id AND c.status = 'revoked'
) GROUP BY what
"""
_LAST_USED = "SELECT max(last_used_at) FROM credential_use WHERE {conditions}"
_OWN = " ".join(
    (
        "credential_id IN (",
        " UNION ALL ".join(" ".join(("SELECT id FROM", kind, "WHERE company_id = {}")) for kind in EXPIRING_KINDS),
        ")",
    )
)
_CALLED = "SELECT EXISTS (SELECT FROM usage_day WHERE route = $1 AND ($2::uuid IS NULL OR company_id = $2))"
_GIVE_UP_SILENT = """
UPDATE usage_source SET ended = true, lost_at = to_timestamp($1)
WHERE NOT ended AND at < to_timestamp($1::float8 - $2::float8) AND NOT EXISTS (
    SELECT FROM consumer WHERE consumer.usage_source = usage_source.id
)
"""
_PRUNE = "DELETE FROM {table} WHERE ctid = ANY(ARRAY(SELECT ctid FROM {table} WHERE {old} LIMIT $2))"


class PostgresUsage:
    """`reports` has the time that sums over much take."""

    def __init__(self, database: Database, reports: Database | None = None) -> None:
        self._database = database
        self._reports = reports or database

    async def add(self, batch: UsageBatch) -> int:
        return await batches.add(self._database, batch)

    async def rows(self, query: UsageQuery, limit: int, offset: int) -> Sequence[UsageRow]:
        statement = _Statement(query.which)
        groups = "".join(f"{group}, " for group in query.groups)
        sql = _ROWS.format(
            at=_period(query, statement),
            table=_table(query),
            groups=groups,
            most=", sum(calls) DESC" if query.by == "total" else "",
            order="".join(f", {group}" for group in query.groups),
            conditions=statement.conditions,
            newest=_newest(query, statement, offset + limit),
            limit=statement.parameter(limit),
            offset=statement.parameter(offset),
        )
        async with self._reports.connection() as connection:
            return [_row(record, query.groups) for record in await connection.fetch(sql, *statement.values)]

    async def sketches(
        self, query: UsageQuery, what: Distinct, limit: int
    ) -> Sequence[tuple[datetime, Mapping[Group, UUID | str | None], bytes]]:
        statement = _Statement(query.which)
        sql = _SKETCHES.format(
            at=_period(query, statement),
            table=_table(query),
            groups="".join(f"{group}, " for group in query.groups),
            conditions=statement.conditions,
            what=statement.parameter(what),
            limit=statement.parameter(limit),
        )
        async with self._reports.connection() as connection:
            records = await connection.fetch(sql, *statement.values)
        return [(r["at"], {group: r[group] for group in query.groups}, r["sketch"]) for r in records]

    async def calls(self, which: UsageFilter) -> int:
        statement = _Statement(which)
        async with self._reports.connection() as connection:
            sql = _CALLS.format(conditions=statement.conditions)
            return int(await connection.fetchval(sql, *statement.values))

    async def was_called(self, route: str, company_id: UUID | None) -> bool:
        """No index has the route: of one that was never called, all days are read."""
        async with self._reports.connection() as connection:
            return bool(await connection.fetchval(_CALLED, route, company_id))

    async def live(self, which: UsageFilter) -> Live:
        tokens, used = _Statement(which, timed=False), _Statement(which, timed=False, of_company=_OWN)
        async with self._reports.connection() as connection:
            found = await connection.fetch(_TOKENS.format(conditions=tokens.conditions), *tokens.values)
            sql = _LAST_USED.format(conditions=used.conditions)
            last_used_at = await connection.fetchval(sql, *used.values)
        return Live({record["what"]: max(0, record["tokens"]) for record in found}, last_used_at)

    async def prune(self, now: float) -> None:
        async with self._database.connection() as connection:
            await connection.execute(_GIVE_UP_SILENT, now, SILENT_AFTER_S)
        await each(
            partial(
                delete_in_batches,
                self._reports,
                _PRUNE.replace("{table}", table).replace("{old}", f"{old} < to_timestamp($1)"),
                now - kept_s,
            )
            for table, old, kept_s in (
                ("usage_hour", "at", HOURS_KEPT_S),
                ("usage_day", "at", DAYS_KEPT_S),
                ("usage_total", "at", HOURS_KEPT_S),
                ("distinct_hour", "what = 'address' AND at", ADDRESSES_KEPT_S),
                ("distinct_hour", "at", HOURS_KEPT_S),
                ("distinct_day", "at", DAYS_KEPT_S),
                ("issued_tokens", "expires_at", 0.0),
                ("usage_source", "at", SOURCES_KEPT_S),
            )
        )


class _Statement:
    """Conditions for a filter, and the values of all parameters in their order."""

    def __init__(self, which: UsageFilter, *, timed: bool = True, of_company: str = "company_id = {}") -> None:
        self.values: list[Any] = []
        wanted = {
            "at >=": which.start if timed else None,
            "at <": which.end if timed else None,
            "route =": which.route if timed else None,
        }
        given = [f"{condition} {self.parameter(v)}" for condition, v in wanted.items() if v is not None]
        if which.company_id is not None:
            given.append(of_company.replace("{}", self.parameter(which.company_id)))
        if which.credential_ids is not None:
            given.append(f"credential_id = ANY({self.parameter(list(which.credential_ids))}::uuid[])")
        self.conditions = " AND ".join(given) or "true"

    def parameter(self, value: object) -> str:
        self.values.append(value)
        return f"${len(self.values)}"


def _table(query: UsageQuery) -> str:
    return "hour" if query.by == "hour" else "day"


def _newest(query: UsageQuery, statement: _Statement, most: int) -> str:
    """Nothing where all that is looked at may be on the page."""
    period = _PERIODS.get(query.by)
    if period is None or query.which.end - query.which.start <= period * most:
        return ""
    conditions, wanted = statement.conditions, statement.parameter(most)
    return _NEWEST.format(table=_table(query), conditions=conditions, most=wanted)


def _period(query: UsageQuery, statement: _Statement) -> str:
    if query.by == "total":
        return f"{statement.parameter(query.which.start)}::timestamptz"
    return "date_trunc('month', at, 'UTC')" if query.by == "month" else "at"


def _row(record: Any, groups: Sequence[Group]) -> UsageRow:
    calls = {}
    for name, number in record["calls"].items():
        outcome, _, cause = name.partition(" ")
        calls[outcome, cause] = number
    return UsageRow(record["at"], {group: record[group] for group in groups}, calls)
