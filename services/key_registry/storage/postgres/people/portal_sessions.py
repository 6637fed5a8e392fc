"""Portal sessions."""

from collections.abc import Collection, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import UUID

from services.key_registry.catalog.permissions import Role
from services.key_registry.people.portal.ports import PortalSession
from shared.postgres.pool import Connection

_COLUMNS = tuple(field.name for field in fields(PortalSession))
_SESSIONS = " ".join(("SELECT", ", ".join(_COLUMNS), "FROM portal_session"))
_FIND = " ".join((_SESSIONS, "WHERE id = $1"))
_FIND_ALL = " ".join((_SESSIONS, "WHERE id = ANY($1::uuid[])"))
_BY_LINK = " ".join((_SESSIONS, "WHERE link_digest = $1"))
_BY_TOKEN = " ".join((_SESSIONS, "WHERE session_digest = $1"))
_NEWEST = " ".join((_SESSIONS, "WHERE company_id = $2 AND ($3::uuid IS NULL OR id < $3) ORDER BY id DESC LIMIT $1"))
_INSERT = " ".join(
    (
        f"INSERT INTO portal_session ({', '.join(_COLUMNS)})",
        f"VALUES ({', '.join(f'${n}' for n in range(1, len(_COLUMNS) + 1))})",
    )
)
_OPENED = ("session_digest", "opened_at", "last_used_at", "expires_at", "address", "user_agent")
_OPEN = " ".join(
    (
        "UPDATE portal_session SET",
        ", ".join(f"{name} = ${n}" for n, name in enumerate(_OPENED, 2)),
        "WHERE id = $1",
    )
)
_END = "UPDATE portal_session SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL RETURNING id"


class PostgresPortalReader:
    """The part of the reader that is about portal sessions."""

    _connection: Connection

    async def find_portal_session(self, id_: UUID) -> PortalSession | None:
        return _session(await self._connection.fetchrow(_FIND, id_))

    async def find_portal_sessions(self, ids: Collection[UUID]) -> Sequence[PortalSession]:
        records = await self._connection.fetch(_FIND_ALL, list(ids))
        return [session for record in records if (session := _session(record)) is not None]

    async def find_portal_session_by_link(self, digest: bytes) -> PortalSession | None:
        return _session(await self._connection.fetchrow(_BY_LINK, digest))

    async def find_portal_session_by_token(self, digest: bytes) -> PortalSession | None:
        return _session(await self._connection.fetchrow(_BY_TOKEN, digest))

    async def newest_portal_sessions(
        self, company_id: UUID, before: UUID | None, limit: int
    ) -> Sequence[PortalSession]:
        records = await self._connection.fetch(_NEWEST, limit, company_id, before)
        return [session for record in records if (session := _session(record)) is not None]


class PostgresPortalWriter(PostgresPortalReader):
    async def insert_portal_session(self, session: PortalSession) -> None:
        await self._connection.execute(_INSERT, *(getattr(session, name) for name in _COLUMNS))

    async def open_portal_session(self, session: PortalSession) -> None:
        await self._connection.execute(_OPEN, session.id, *(getattr(session, name) for name in _OPENED))

    async def end_portal_session(self, id_: UUID, at: datetime) -> bool:
        return await self._connection.fetchval(_END, id_, at) is not None


def _session(record: Any) -> PortalSession | None:
    return None if record is None else PortalSession(**{**record, "role": Role(record["role"])})
