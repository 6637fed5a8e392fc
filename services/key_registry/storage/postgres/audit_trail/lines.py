"""The audit trail in PostgreSQL: a partition for each month, whose indexes are as narrow as can be.

`audit_line` has no `previous_hash`, for it is the hash of the line before; the first line of a month has it in
`audit_month`. What reads by a text also names its hash, which is what the index of a month has: see migration 0009.
"""

import time
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from services.key_registry.audit_trail.chain import START, AuditFilter, Head, Line
from shared.postgres.pool import Connection, Database

RECENT = timedelta(days=35)
"""What is looked for among recent lines first: older months are not even opened then."""
LINES_PER_BLOCK_LOG2 = 12
"""Of the indexes of a month: those with equal texts are sorted a block at a time when they are read."""
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
    "hash",
    "event_id",
)
_APPEND = """
WITH current AS (
    SELECT month FROM audit_month WHERE first_seq IS NOT NULL OR month <= coalesce($12, audit_current_month())
    ORDER BY month DESC LIMIT 1
), opened AS (
    UPDATE audit_month SET first_seq = $13, previous_hash = $14
    WHERE month = (SELECT month FROM current) AND first_seq IS NULL
)
INSERT INTO audit_line (
    seq, at, action, actor, subject_kind, subject, company_id, request_id, detail, hash, event_id, month
)
SELECT
    seq, at, action, actor, subject_kind, subject, company_id, request_id, detail::json, hash, event_id, month
FROM current, unnest(
    $1::bigint[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
    $9::text[], $10::bytea[], $11::uuid[]
) AS line (seq, at, action, actor, subject_kind, subject, company_id, request_id, detail, hash, event_id)
"""
"""Into the newest month that has begun: the present one, unless there is no partition for it yet."""
_HEAD = "SELECT seq, hash FROM audit_line WHERE month >= $1 ORDER BY seq DESC LIMIT 1"
_HEAD_AND_WRITTEN = """
SELECT seq, hash, ARRAY(SELECT event_id::text FROM audit_line WHERE event_id = ANY($2::uuid[]) AND month >= $3)
FROM audit_line WHERE month >= $1 ORDER BY seq DESC LIMIT 1
"""
_FOLLOWING = " ".join(
    (
        "SELECT",
        ", ".join(_COLUMNS),
        ", erased_detail, previous_hash FROM audit_line WHERE seq > $1 ORDER BY seq LIMIT $2",
    )
)
_PREVIOUS = """
coalesce(
    previous_hash,
    (SELECT before.hash FROM audit_line before WHERE before.seq = line.seq - 1),
    (SELECT m.previous_hash FROM audit_month m WHERE m.first_seq = line.seq)
)
"""
_PREVIOUS_OF = " ".join(("SELECT", _PREVIOUS, "FROM audit_line line WHERE seq = $1"))
_NEWEST = " ".join(
    (
        "SELECT",
        ", ".join(_COLUMNS),
        ", erased_detail,",
        _PREVIOUS,
        "AS previous_hash FROM audit_line line WHERE month = $1",
    )
)
_MONTHS = """
SELECT month, compact FROM audit_month
WHERE first_seq IS NOT NULL AND ($1::bigint IS NULL OR first_seq < $1) ORDER BY month DESC
"""
_ERASE = """
UPDATE audit_line SET detail = '{}', event_id = NULL, erased_detail = kept.digest
FROM unnest($1::bigint[], $2::bytea[]) AS kept (seq, digest)
WHERE audit_line.seq = kept.seq AND audit_line.erased_detail IS NULL
"""
_EVER = date.min


async def append(connection: Connection, lines: Sequence[Line], today: date | None = None) -> None:
    """All lines in one statement, into the month that it is by PostgreSQL's clock, or into that of `today`."""
    month = None if today is None else today.replace(day=1)
    await connection.execute(_APPEND, *columns(lines), month, lines[0].seq, lines[0].previous_hash)


def columns(lines: Sequence[Line]) -> Sequence[Sequence[Any]]:
    """In the order of `_COLUMNS`, `seq` first."""
    named = dict(zip(Line._fields, zip(*lines, strict=True), strict=True))
    named["detail"] = tuple(orjson.dumps(detail).decode() for detail in named["detail"])
    return [named[column] for column in _COLUMNS]


async def head_of(connection: Connection) -> Head:
    """Where the trail ends."""
    for since in (recent(), _EVER):
        if record := await connection.fetchrow(_HEAD, since):
            return Head(record["seq"], record["hash"])
    return START


async def head_and_written(connection: Connection, event_ids: Sequence[str]) -> tuple[Head, frozenset[str]]:
    """Where the trail ends, and those of the ids whose events are in it, in one statement: each write needs both.

    An event is older than no line that it became.
    """
    since_begun = begun(event_ids)
    for since in (recent(), _EVER):
        if record := await connection.fetchrow(_HEAD_AND_WRITTEN, since, event_ids, since_begun):
            seq, hash_, written = record
            return Head(seq, hash_), frozenset(written)
    return START, frozenset()


class PostgresAuditLines:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def newest(self, which: AuditFilter, before: int | None, limit: int) -> Sequence[Line]:
        found: list[Line] = []
        async with self._database.connection() as connection:
            for month, compact in await connection.fetch(_MONTHS, before):
                if which.after is not None and month < _month(which.after - RECENT):
                    break  # a line is in the month in which it was written, or in the one before
                statement, values = _newest(which, before, limit - len(found), compact=compact)
                found += map(_line, await connection.fetch(statement, month, *values))
                if len(found) >= limit:
                    break
        return found

    async def following(self, seq: int, limit: int) -> Sequence[Line]:
        async with self._database.connection() as connection:
            records = await connection.fetch(_FOLLOWING, seq, limit)
            previous = await connection.fetchval(_PREVIOUS_OF, records[0]["seq"]) if records else None
        return list(_linked(map(_line, records), previous or b""))

    async def erase(self, lines: Sequence[Line]) -> None:
        """Write these lines, which have no detail any more, over those that had one."""
        async with self._database.connection() as connection:
            seqs, digests = [line.seq for line in lines], [line.erased_detail for line in lines]
            await connection.execute(_ERASE, seqs, digests)

    async def vacuum(self) -> None:
        """Free the space of what was erased, so that its bytes are used again. It takes its time."""
        async with self._database.connection() as connection:
            await connection.execute("VACUUM audit_line")


def _linked(lines: Iterable[Line], previous: bytes) -> Iterable[Line]:
    for line in lines:
        yield line if line.previous_hash else line._replace(previous_hash=previous)
        previous = line.hash


def _newest(which: AuditFilter, before: int | None, limit: int, *, compact: bool) -> tuple[str, list[object]]:
    """The statement for one month, whose date is its first parameter, and the others."""
    values: list[object] = [limit]
    conditions = []
    texts = ("company_id", "action", "actor", "subject", "request_id")
    for column in (*texts, "subject_kind"):
        if (value := getattr(which, column)) is not None:
            values.append(value)
            number = len(values) + 1
            conditions.append(f"{column} = ${number}")
            if compact and column in texts:
                conditions.append(f"{_hash(column)} = {_hash(f'${number}')}")
    for condition, value in (("seq <", before), ("at >=", which.after), ("at <", which.before)):
        if value is not None:
            values.append(value)
            conditions.append(f"{condition} ${len(values) + 1}")
    by_text = any(getattr(which, column) is not None for column in texts)
    order = f"{_block('seq')} DESC, seq DESC" if compact and by_text else "seq DESC"
    return " ".join((" AND ".join((_NEWEST, *conditions)), "ORDER BY", order, "LIMIT $2")), values


def _hash(expression: str) -> str:
    """As in the indexes of a month, to the letter."""
    return f"(hashtextextended({expression}, 0) >> 32)::int"


def _block(expression: str) -> str:
    return f"({expression} >> {LINES_PER_BLOCK_LOG2})::int"


def begun(event_ids: Sequence[str]) -> date:
    """The month from which on the events can have been written: ids of version 7 (RFC 9562) have a time.

    Their texts have its order, so that only the first has to be read. By a sender's clock that is ahead it has not
    come yet: then it is now.
    """
    texts = [id_.lower() for id_ in event_ids]
    if not texts or any(text[14:15] != "7" for text in texts):
        return _EVER
    drawn_at = (UUID(min(texts)).int >> 80) / 1000
    return _month(datetime.fromtimestamp(min(drawn_at, time.time()), UTC) - RECENT)


def recent() -> date:
    """The month from which on lines are recent."""
    return _month(datetime.now(UTC) - RECENT)


def _month(moment: datetime) -> date:
    return moment.date().replace(day=1)


def _line(record: Any) -> Line:
    members = dict(record)
    event_id = members.pop("event_id")
    return Line(
        **{**members, "previous_hash": members["previous_hash"] or b""},
        event_id=None if event_id is None else str(event_id),
    )
