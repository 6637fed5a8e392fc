"""Credentials in the order in which they end, by the index of their ends."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from services.key_registry.operations.ports import KINDS, Expiring, ExpiryPlace
from shared.contracts.key_registry import Kind
from shared.postgres.pool import Database

_TIE = "substring(uuid_send(id) from 9)"
"""Of those that end at one moment: the random half of an id of version 7."""
_OF_KIND = """
SELECT '{kind}' AS kind, id, expires_at, {tie} AS tie FROM {kind}
WHERE expires_at >= $1 AND expires_at < $2 AND status <> 'revoked'
    AND ($3::uuid IS NULL OR company_id = $3)
"""
_LIST = """
({of_kind} AND (expires_at, {tie}) > ($4, $5) ORDER BY expires_at, tie LIMIT $6)
"""
_COUNT = """
SELECT kind, day, count(*) AS credentials FROM (
    SELECT '{kind}' AS kind, (expires_at AT TIME ZONE 'UTC')::date AS day
    FROM ({of_kind} ORDER BY expires_at LIMIT $4) ends
) days GROUP BY kind, day
"""


def _all(template: str) -> str:
    """Of each kind."""
    of_kind = template.replace("{of_kind}", _OF_KIND.strip())
    return " UNION ALL ".join(of_kind.replace("{tie}", _TIE).replace("{kind}", kind) for kind in KINDS)


_PAGE = f"{_all(_LIST)} ORDER BY expires_at, tie LIMIT $6"
_DAYS = _all(_COUNT)


class PostgresExpiries:
    """`reports`: a database that has the time that counting very many takes."""

    def __init__(self, database: Database, reports: Database | None = None) -> None:
        self._database = database
        self._reports = reports or database

    async def page(
        self, start: datetime, end: datetime, company_id: UUID | None, after: ExpiryPlace | None, limit: int
    ) -> Sequence[Expiring]:
        place = ExpiryPlace(start, b"") if after is None else after
        values = max(start, place.expires_at), end, company_id, place.expires_at, place.tie, limit
        async with self._database.connection() as connection:
            return [Expiring(**record) for record in await connection.fetch(_PAGE, *values)]

    async def days(
        self, start: datetime, end: datetime, company_id: UUID | None, limit: int
    ) -> Mapping[tuple[date, Kind], int]:
        async with self._reports.connection() as connection:
            records = await connection.fetch(_DAYS, start, end, company_id, limit)
        return {(record["day"], record["kind"]): record["credentials"] for record in records}
