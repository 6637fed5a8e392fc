"""The audit trail in PostgreSQL."""

from collections.abc import Sequence
from typing import Any

import orjson

from services.key_registry.audit_trail.chain import AuditFilter, Line
from shared.postgres.pool import Connection, Database

_COLUMNS = (
    "seq",
    "at",
    "action",
    "actor",
    "subject_kind",
    "subject",
    "company_id",
    "request_id",
    "detail",
    "previous_hash",
    "hash",
)
_APPEND = """
INSERT INTO audit (
    seq, at, action, actor, subject_kind, subject, company_id, request_id, detail, previous_hash, hash, event_id
)
SELECT
    seq, at, action, actor, subject_kind, subject, company_id, request_id, detail::json, previous_hash, hash,
    event_id
FROM unnest(
    $1::bigint[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
    $9::text[], $10::bytea[], $11::bytea[], $12::uuid[]
) AS line (
    seq, at, action, actor, subject_kind, subject, company_id, request_id, detail, previous_hash, hash, event_id
)
"""
_WRITTEN = "SELECT event_id::text FROM audit WHERE event_id = ANY($1::uuid[])"
_FOLLOWING = " ".join(("SELECT", ", ".join(_COLUMNS), "FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2"))


async def append(connection: Connection, lines: Sequence[Line]) -> None:
    """All lines in one statement."""
    columns = [[getattr(line, name) for line in lines] for name in (*_COLUMNS, "event_id")]
    columns[_COLUMNS.index("detail")] = [orjson.dumps(line.detail).decode() for line in lines]
    await connection.execute(_APPEND, *columns)


async def written(connection: Connection, event_ids: Sequence[str]) -> frozenset[str]:
    """Those of the ids whose events are in the trail."""
    return frozenset(record[0] for record in await connection.fetch(_WRITTEN, event_ids))


class PostgresAuditLines:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def newest(self, which: AuditFilter, before: int | None, limit: int) -> Sequence[Line]:
        wanted = {
            "seq <": before,
            "company_id =": which.company_id,
            "action =": which.action,
            "actor =": which.actor,
            "subject_kind =": which.subject_kind,
            "subject =": which.subject,
            "request_id =": which.request_id,
            "at >=": which.after,
            "at <": which.before,
        }
        given = {condition: value for condition, value in wanted.items() if value is not None}
        conditions = [f"{condition} ${n}" for n, condition in enumerate(given, 2)]
        where = " AND ".join(conditions) or "true"
        statement = " ".join(
            ("SELECT", ", ".join(_COLUMNS), "FROM audit WHERE", where, "ORDER BY seq DESC LIMIT $1")
        )
        async with self._database.connection() as connection:
            return [_line(record) for record in await connection.fetch(statement, limit, *given.values())]

    async def following(self, seq: int, limit: int) -> Sequence[Line]:
        async with self._database.connection() as connection:
            return [_line(record) for record in await connection.fetch(_FOLLOWING, seq, limit)]


def _line(record: Any) -> Line:
    return Line(**dict(record))
