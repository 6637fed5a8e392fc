"""Where the database is in its history, and how its objects are, for the copies outside it."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from services.key_registry.catalog.expiry import EXPIRING_KINDS
from services.key_registry.catalog.resources import RESOURCES
from services.key_registry.history.guard import CannotRely
from services.key_registry.history.ports import DatabaseState, Restore
from services.key_registry.history.records import HistoryHead, Position, State, StateRecord
from services.key_registry.history.rights import RIGHTS_OF, rights_of
from services.key_registry.storage.postgres.audit_trail.lines import head_of
from services.key_registry.storage.postgres.changes import read_page
from services.key_registry.storage.postgres.history import people
from services.key_registry.storage.postgres.history.name import give_name, name_of
from shared.contracts.key_registry import Change
from shared.identifiers import UUID_FORM
from shared.postgres.pool import Connection, Database

FOREIGN_KEYS = 12
"""Of the schema, at least. A restore adds them last of all, when the rows of all tables are there."""
_POSITION = """
SELECT coalesce(min(seq), 1) AS first, coalesce(max(seq), 0) AS last,
    coalesce((SELECT mark FROM change ORDER BY seq DESC LIMIT 1), 'origin') AS mark
FROM change
"""
_MARKS = "SELECT seq, mark FROM change WHERE seq = ANY($1::bigint[])"
_HASHES = "SELECT seq, hash FROM audit_line WHERE seq = ANY($1::bigint[])"
_RESTORES = """
SELECT at, found_seq, lost_seq, resumed_seq, found_audit_seq, lost_audit_seq, report
FROM history_restore ORDER BY number
"""
_END = "CASE {end} WHEN '-infinity' THEN 0 WHEN 'infinity' THEN NULL ELSE extract(epoch FROM {end})::float8 END"


def _ends(condition: str) -> str:
    """When credentials end by themselves, of those that do."""
    return " UNION ALL ".join(
        " ".join(
            (
                "SELECT",
                f"'{kind}' AS kind, id::text,",
                _END.replace("{end}", "least(expires_at, retires_at)" if kind == "key_pair" else "expires_at"),
                "AS ends FROM",
                kind,
                condition,
            )
        )
        for kind in EXPIRING_KINDS
    )


_ENDS = " ".join(("SELECT * FROM (", _ends(""), ") e WHERE ends IS NOT NULL"))
_ENDS_OF = " ".join(("SELECT * FROM (", _ends("WHERE id = ANY($1::uuid[])"), ") e WHERE ends IS NOT NULL"))
_VERSIONS = """
SELECT kind, credential_id::text || '_v' || version AS id, extract(epoch FROM retires_at)::float8 AS ends, revoked
FROM credential_version WHERE retires_at IS NOT NULL
"""
_VERSIONS_OF = " ".join((_VERSIONS, "AND credential_id = ANY($1::uuid[])"))
_STOPPED = " UNION ALL ".join(
    " ".join(("SELECT", f"'{kind}' AS kind, id::text, status FROM", kind, "WHERE status <> 'active'"))
    for kind in RESOURCES
)
_REVOKED = "SELECT kind, id, until FROM revocation"
_BUSY = """
SELECT (SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND connamespace = current_schema()::regnamespace),
    EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
        AND (application_name = 'pg_restore' OR (application_name = 'psql' AND state = 'active')))
"""


class PostgresHistory:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def history(self) -> str:
        """The name that checkpoints of the audit trail have as well. None is given while a restore is under way."""
        async with self._database.connection() as connection:
            if (known := await name_of(connection)) is not None:
                return known
        await self.require_whole()
        async with self._database.connection() as connection:
            return await give_name(connection)

    async def state(self, heads: Sequence[HistoryHead]) -> DatabaseState:
        async with self._database.connection() as connection:
            return await database_state(connection, heads)

    async def changed_after(self, position: Position, limit: int) -> tuple[list[StateRecord], Position] | None:
        async with self._database.connection() as connection:
            page = await read_page(connection, position.seq, limit, position.mark)
            if page.gap or page.last < position.seq:
                return None
            records = await _with_ends(connection, page.changes)
        newest = page.changes[-1] if page.changes else None
        return records, position if newest is None else Position(newest.seq, newest.mark or "")

    async def audited(self, after: int, last: int, seq: int) -> list[StateRecord]:
        async with self._database.connection() as connection:
            return await people.audited(connection, after, last, seq)

    async def all_stopped(self) -> tuple[list[StateRecord], Position]:
        """The position first: what changes meanwhile is in the feed after it."""
        async with self._database.connection() as connection:
            _, seq, mark = await connection.fetchrow(_POSITION)
            stopped = await connection.fetch(_STOPPED)
            ending = await connection.fetch(_ENDS)
            versions = await connection.fetch(_VERSIONS)
            revoked = await connection.fetch(_REVOKED)
            found = await asyncio.to_thread(_stopped, stopped, ending, versions, revoked, seq)
            found = await _with_rights(connection, found) + await people.all_of_them(connection, seq)
            return found, Position(seq, mark)

    async def require_whole(self) -> None:
        async with self._database.connection() as connection:
            keys, restoring = await connection.fetchrow(_BUSY)
        if restoring or keys < FOREIGN_KEYS:
            raise CannotRely("the database is being restored", retry_after=5)


async def database_state(connection: Connection, heads: Sequence[HistoryHead]) -> DatabaseState:
    first, seq, mark = await connection.fetchrow(_POSITION)
    marks = await connection.fetch(_MARKS, [head.position.seq for head in heads])
    hashes = await connection.fetch(_HASHES, [head.audit_seq for head in heads if head.audit_seq])
    return DatabaseState(
        first,
        Position(seq, mark),
        await head_of(connection),
        {record["seq"]: record["mark"] for record in marks},
        {record["seq"]: record["hash"] for record in hashes},
        tuple(Restore(**record) for record in await connection.fetch(_RESTORES)),
    )


async def _with_ends(connection: Connection, changes: Sequence[Change]) -> list[StateRecord]:
    """How the objects are that changed, with the versions of credentials that have ended or will."""
    changed = await _with_rights(connection, {(c.kind, c.id): _changed(c) for c in changes}.values())
    records = {record.key: record for record in changed}
    ids = [id_ for kind, id_ in records if kind in EXPIRING_KINDS and UUID_FORM.fullmatch(id_)]
    if not ids:
        return list(records.values())
    for r in await connection.fetch(_ENDS_OF, ids):
        records[r["kind"], r["id"]] = replace(records[r["kind"], r["id"]], ends=r["ends"])
    positions = {id_: record.seq for (_, id_), record in records.items()}
    for r in await connection.fetch(_VERSIONS_OF, ids):
        records[r["kind"], r["id"]] = _version(r, positions[r["id"].partition("_v")[0]])
    return list(records.values())


async def _with_rights(connection: Connection, records: Iterable[StateRecord]) -> list[StateRecord]:
    """The same, with what the objects may do; of one that is not there any more as it was."""
    found = {record.key: record for record in records}
    for kind, columns in RIGHTS_OF.items():
        ids = [id_ for of, id_ in found if of == kind and UUID_FORM.fullmatch(id_)]
        if not ids:
            continue
        statement = " ".join(("SELECT id,", ", ".join(columns), "FROM", kind, "WHERE id = ANY($1::uuid[])"))
        for row in await connection.fetch(statement, ids):
            key = kind, str(row["id"])
            found[key] = replace(found[key], rights=rights_of(kind, row))
    return list(found.values())


def _changed(change: Change) -> StateRecord:
    """One that has expired is in the feed as suspended until a time: it is active, and has an end."""
    expired = change.status == "suspended" and change.until is not None
    state: State = "active" if expired else change.status
    return StateRecord(change.kind, change.id, state, change.seq, None if expired else change.until)


def _version(record: Any, seq: int) -> StateRecord:
    state: State = "revoked" if record["revoked"] else "active"
    return StateRecord(record["kind"], record["id"], state, seq, ends=record["ends"])


def _stopped(stopped: Any, ending: Any, versions: Any, revoked: Any, seq: int) -> list[StateRecord]:
    """There may be a hundred thousand."""
    found = {(r["kind"], r["id"]): StateRecord(r["kind"], r["id"], "revoked", seq, r["until"]) for r in revoked}
    found |= {(r["kind"], r["id"]): StateRecord(r["kind"], r["id"], r["status"], seq) for r in stopped}
    for r in ending:
        known = found.get((r["kind"], r["id"]), StateRecord(r["kind"], r["id"], "active", seq))
        found[r["kind"], r["id"]] = replace(known, ends=r["ends"])
    return [*found.values(), *(_version(r, seq) for r in versions)]
