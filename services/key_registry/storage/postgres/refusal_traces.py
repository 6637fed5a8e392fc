"""Refusal traces in PostgreSQL: two rings of partitions, of which the oldest is emptied to begin a new one.

TRUNCATE frees the bytes at once, where DELETE would leave them to a vacuum that a flood outruns.
"""

from collections.abc import Sequence
from typing import Any

from services.key_registry.refused_calls.refusal_traces.ports import KEPT_S, RINGS, SEGMENTS, KeptTrace, TraceFilter
from shared.contracts.refusal_traces import RefusalTrace
from shared.postgres.pool import Connection, Database

SEGMENT_S = 86400.0
_NEWEST = """
SELECT segment, extract(epoch FROM clock_timestamp() - begun_at)::float8 AS age,
       pg_total_relation_size(('refusal_trace_' || segment)::regclass) AS bytes
FROM refusal_trace_ring WHERE ring = $1 FOR UPDATE
"""
_FIRST = "INSERT INTO refusal_trace_ring VALUES ($1, $2, clock_timestamp()) ON CONFLICT DO NOTHING"
_INSERT = """
INSERT INTO refusal_trace (segment, request_id, company_id, cause, credential, at, document)
SELECT $1, request_id, company_id, cause, credential, to_timestamp(at), document::json
FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::float8[], $7::text[])
    AS trace (request_id, company_id, cause, credential, at, document)
"""
_SELECT = "SELECT number, document FROM refusal_trace WHERE at > clock_timestamp() - make_interval(secs => $1)"


class PostgresRefusalTraces:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, traces: Sequence[RefusalTrace], *, known: bool, segment_bytes: int) -> None:
        columns: list[list[Any]] = [
            [trace.request_id for trace in traces],
            [trace.company_id for trace in traces],
            [trace.cause for trace in traces],
            [trace.credential for trace in traces],
            [trace.at for trace in traces],
            [trace.model_dump_json() for trace in traces],
        ]
        async with self._database.transaction() as connection:
            segment = await _segment(connection, 0 if known else 1, segment_bytes)
            await connection.execute(_INSERT, segment, *columns)

    async def turn(self) -> None:
        for ring in range(RINGS):
            async with self._database.transaction() as connection:
                await _segment(connection, ring, None)

    async def of_request(self, request_id: str, company_id: str | None, limit: int) -> Sequence[KeptTrace]:
        condition = "" if company_id is None else " AND company_id = $4"
        statement = f"{_SELECT} AND request_id = $2{condition} ORDER BY number LIMIT $3"
        arguments = [KEPT_S, request_id, limit, *([] if company_id is None else [company_id])]
        async with self._database.connection() as connection:
            return [_kept(record) for record in await connection.fetch(statement, *arguments)]

    async def newest(self, which: TraceFilter, before: int | None, limit: int) -> Sequence[KeptTrace]:
        wanted = {
            "number <": before,
            "company_id =": which.company_id,
            "cause =": which.cause,
            "credential =": which.credential,
            "at >=": which.start,
            "at <": which.end,
        }
        given = {condition: value for condition, value in wanted.items() if value is not None}
        conditions = "".join(f" AND {condition} ${n}" for n, condition in enumerate(given, 3))
        statement = f"{_SELECT}{conditions} ORDER BY number DESC LIMIT $2"
        async with self._database.connection() as connection:
            return [_kept(record) for record in await connection.fetch(statement, KEPT_S, limit, *given.values())]


async def _segment(connection: Connection, ring: int, segment_bytes: int | None) -> int:
    """The newest of the ring: another one, emptied, where that is a day old or has so many bytes."""
    await connection.execute(_FIRST, ring, ring * SEGMENTS)
    newest = await connection.fetchrow(_NEWEST, ring)
    segment: int = newest["segment"]
    if newest["age"] < SEGMENT_S and (segment_bytes is None or newest["bytes"] < segment_bytes):
        return segment
    first = ring * SEGMENTS
    segment = first + (segment - first + 1) % SEGMENTS
    await connection.execute(f"TRUNCATE refusal_trace_{segment:d}")
    await connection.execute(
        "UPDATE refusal_trace_ring SET segment = $2, begun_at = clock_timestamp() WHERE ring = $1", ring, segment
    )
    return segment


def _kept(record: Any) -> KeptTrace:
    return KeptTrace(record["number"], RefusalTrace.model_validate(record["document"]))
