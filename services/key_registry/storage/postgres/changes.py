"""The change feed in PostgreSQL, and what keeps its tables small."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from services.key_registry.catalog.expiry import EXPIRING_KINDS
from services.key_registry.catalog.lifecycle import MAX_TOKEN_LIFE_S
from services.key_registry.catalog.resources import LIMITED_KINDS, RESOURCES
from services.key_registry.history.guard import HistoryGuard
from services.key_registry.history.records import ORIGIN, Position
from services.key_registry.storage.postgres.pruning import delete_in_batches, each
from shared.contracts.key_registry import ORIGIN_MARK, Change, ChangePage
from shared.contracts.limits import ObjectLimits
from shared.postgres.pool import Connection, Database

_COLUMNS = "c.seq, c.mark, c.kind, c.id, c.status, c.at, c.until, c.company_id, c.limits"
_PAGE = " ".join(
    (
        "WITH bounds AS (SELECT coalesce(min(seq), 1) AS first, coalesce(max(seq), 0) AS last FROM change)",
        "SELECT b.first, b.last,",
        "(SELECT mark FROM change WHERE seq = b.last) AS last_mark,",
        "(SELECT mark FROM change WHERE seq = $1) AS mark_after,",
        "(SELECT max(at) FROM history_restore) AS restored_at,",
        _COLUMNS,
        "FROM bounds b LEFT JOIN LATERAL (SELECT * FROM change WHERE seq > $1 ORDER BY seq LIMIT $2) c ON true",
        "ORDER BY c.seq",
    )
)
"""One statement, so that bounds, marks and changes are of one moment: nothing is pruned in between."""
_BOUNDS = ("first", "last", "last_mark", "mark_after", "restored_at")
_FIND = " ".join(("SELECT", _COLUMNS, "FROM change c WHERE c.seq = $1"))
_STOPPED_OBJECTS = """
AS kind, id::text, CASE status WHEN 'revoked' THEN extract(epoch FROM status_at)::float8 + $2::float8 END AS until
FROM {} WHERE status = 'suspended' OR (status = 'revoked' AND status_at > to_timestamp($1))
"""
_EXPIRED_OBJECTS = """
AS kind, id::text, extract(epoch FROM expires_at)::float8 + $2::float8 AS until
FROM {} WHERE status = 'active' AND expires_at <= now() AND expires_at > to_timestamp($1)
"""
_STOPPED = " UNION ALL ".join(
    [
        *(" ".join((f"SELECT '{kind}'", _STOPPED_OBJECTS.replace("{}", kind))) for kind in RESOURCES),
        *(" ".join((f"SELECT '{kind}'", _EXPIRED_OBJECTS.replace("{}", kind))) for kind in EXPIRING_KINDS),
        "SELECT kind, id, until FROM revocation",
    ]
)
_LIMITED_OBJECTS = """
AS kind, x.id::text, x.limits, NULL AS application_id, NULL::text[] AS scopes
FROM {} x WHERE x.limits IS NOT NULL AND x.status <> 'revoked'
"""
_LIMITED_BOOKINGS = """
SELECT 'booking' AS kind, x.id::text, x.limits, a.id::text AS application_id, a.scopes
FROM booking x JOIN application a ON a.id = x.application_id WHERE x.limits IS NOT NULL AND x.status <> 'revoked'
"""
_LIMITED = " UNION ALL ".join(
    [
        *(" ".join((f"SELECT '{k}'", _LIMITED_OBJECTS.replace("{}", k))) for k in LIMITED_KINDS if k != "booking"),
        _LIMITED_BOOKINGS,
    ]
)
_SNAPSHOT = " ".join(
    (
        "WITH last AS (SELECT coalesce((SELECT max(seq) FROM change), 0) AS seq,",
        "coalesce((SELECT mark FROM change ORDER BY seq DESC LIMIT 1), 'origin') AS mark)",
        "SELECT last.seq, last.mark, convert_to(json_build_object('as_of', last.seq, 'mark', last.mark,",
        "'restored_at', (SELECT max(at) FROM history_restore),",
        "'stopped', (SELECT coalesce(json_agg(s), '[]') FROM (",
        _STOPPED,
        ") s), 'limits', (SELECT coalesce(json_agg(l), '[]') FROM (",
        _LIMITED,
        ") l))::text, 'UTF8') AS body FROM last",
    )
)
"""One statement, so that position and objects are of one moment; JSON, so that no row becomes an object here."""

_PRUNE_CHANGES = """
DELETE FROM change WHERE at < $1 AND seq < (SELECT max(seq) FROM change)
AND seq IN (SELECT seq FROM change ORDER BY seq LIMIT $2)
"""
"""By the primary key, the oldest first: no batch looks at more than its own rows."""
_PRUNE_REVOCATIONS = """
DELETE FROM revocation WHERE (kind, id) IN (SELECT kind, id FROM revocation WHERE until < $1 LIMIT $2)
"""
_PRUNE_IDEMPOTENCY = """
DELETE FROM idempotency WHERE (admin_token_id, key_digest) IN (
    SELECT admin_token_id, key_digest FROM idempotency WHERE created_at < to_timestamp($1) LIMIT $2
)
"""

_PRUNE_VERSIONS = """
DELETE FROM credential_version WHERE (credential_id, version) IN (
    SELECT credential_id, version FROM credential_version v
    WHERE retires_at < to_timestamp($1) AND kind <> 'admin_token' AND EXISTS (
        SELECT FROM credential_version n WHERE n.credential_id = v.credential_id AND n.version > v.version
    )
    LIMIT $2
)
"""
"""The newest stays, whose number the next one follows; so do those of admin tokens: one that is in a configuration
would be registered again."""


def _linked(records: Sequence[Any], previous_mark: str | None) -> Iterator[Change]:
    """Each change with the mark of the one before; a page without changes is one record of nulls."""
    for record in records:
        if record["seq"] is None:
            return
        columns = {name: value for name, value in record.items() if name not in _BOUNDS}
        if columns["limits"] is not None:
            columns["limits"] = ObjectLimits.model_validate(columns["limits"])
        yield Change.model_construct(**columns, previous_mark=previous_mark)
        previous_mark = record["mark"]


async def read_page(connection: Connection, after: int, limit: int, mark: str | None) -> ChangePage:
    """What changed after a position, as `Changes.page`."""
    records = await connection.fetch(_PAGE, after, limit)
    first, last, last_mark, mark_after, restored_at = (records[0][name] for name in _BOUNDS)
    if after == 0:
        mark_after = ORIGIN_MARK
    gap = after < first - 1 or (mark is not None and mark != mark_after)
    changes = () if gap else tuple(_linked(records, mark_after))
    return ChangePage(
        changes=changes, last=last, last_mark=last_mark or ORIGIN_MARK, gap=gap, restored_at=restored_at
    )


class PostgresChanges:
    """`snapshots`, where it is given, has the time that a large snapshot takes.

    With a `guard`, nothing is read of a history that was set back: that raises `Unavailable`.
    """

    def __init__(
        self, database: Database, snapshots: Database | None = None, guard: HistoryGuard | None = None
    ) -> None:
        self._database = database
        self._snapshots = snapshots or database
        self._guard = guard

    async def page(self, after: int, limit: int, mark: str | None = None) -> ChangePage:
        expected = self._expected()
        async with self._database.connection() as connection:
            page = await read_page(connection, after, limit, mark)
        self._confirm(expected, page.last, page.last_mark)
        return page

    async def find(self, position: int) -> Change | None:
        async with self._database.connection() as connection:
            record = await connection.fetchrow(_FIND, position)
        return None if record is None else Change(**dict(record))

    async def snapshot(self, since: float) -> bytes:
        expected = self._expected()
        async with self._snapshots.connection() as connection:
            seq, mark, body = await connection.fetchrow(_SNAPSHOT, since, float(MAX_TOKEN_LIFE_S))
        self._confirm(expected, seq, mark)
        return bytes(body)

    def _expected(self) -> Position:
        return ORIGIN if self._guard is None else self._guard.expected()

    def _confirm(self, expected: Position, seq: int, mark: str | None) -> None:
        if self._guard is not None:
            self._guard.confirm(expected, seq, mark)

    async def prune(
        self,
        *,
        changes_before: float,
        revocations_before: float,
        idempotency_before: float,
        versions_before: float,
    ) -> None:
        """Delete what has expired. The last change stays, whatever its age: positions go on from it.

        All tables are pruned, whichever fails. Raises `Unavailable` after the last when one failed.
        """
        await each(
            partial(delete_in_batches, self._database, statement, before)
            for statement, before in (
                (_PRUNE_CHANGES, changes_before),
                (_PRUNE_REVOCATIONS, revocations_before),
                (_PRUNE_IDEMPOTENCY, idempotency_before),
                (_PRUNE_VERSIONS, versions_before),
            )
        )
