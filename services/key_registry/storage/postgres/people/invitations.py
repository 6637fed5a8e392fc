"""Invitations."""

from collections.abc import Sequence
from typing import Any, Literal
from uuid import UUID

from services.key_registry.catalog.permissions import Role
from services.key_registry.people.invitations.ports import Invitation
from services.key_registry.storage.postgres.people.makers import ENDS_AT, MAKER_ACTS
from shared.postgres.pool import Connection

_COLUMNS = ("id", "digest", "role", "company_id", "email", "status", "created_at", "expires_at", "created_by")
_STATUS = f"CASE WHEN status <> 'open' OR {MAKER_ACTS} THEN status ELSE 'revoked' END AS status"
"""An open invitation is revoked with its creator, or with a secret that may have created it."""
_EFFECTIVE = {"status": _STATUS, "expires_at": f"{ENDS_AT} AS expires_at"}
_SHOWN = ", ".join(_EFFECTIVE.get(column, column) for column in _COLUMNS)
_INVITATIONS = " ".join(("SELECT", _SHOWN, "FROM invitation AS link"))
_FIND = " ".join((_INVITATIONS, "WHERE id = $1"))
_BY_DIGEST = " ".join((_INVITATIONS, "WHERE digest = $1"))
_NEWEST = " ".join(
    (
        *(_INVITATIONS, "WHERE ($2::uuid IS NULL OR company_id = $2) AND ($3::uuid IS NULL OR id < $3)"),
        "ORDER BY id DESC LIMIT $1",
    )
)
_INSERT = " ".join(
    (
        f"INSERT INTO invitation ({', '.join(_COLUMNS)})",
        f"VALUES ({', '.join(f'${n}' for n in range(1, len(_COLUMNS) + 1))})",
    )
)
_REVOKE_BY = "UPDATE invitation SET status = 'revoked' WHERE created_by = $1 AND status = 'open'"


class PostgresInvitationReader:
    """The part of the reader that is about invitations."""

    _connection: Connection

    async def find_invitation(self, id_: UUID) -> Invitation | None:
        return _invitation(await self._connection.fetchrow(_FIND, id_))

    async def find_invitation_by_digest(self, digest: bytes) -> Invitation | None:
        return _invitation(await self._connection.fetchrow(_BY_DIGEST, digest))

    async def newest_invitations(
        self, company_id: UUID | None, before: UUID | None, limit: int
    ) -> Sequence[Invitation]:
        records = await self._connection.fetch(_NEWEST, limit, company_id, before)
        return [invitation for record in records if (invitation := _invitation(record)) is not None]


class PostgresInvitationWriter(PostgresInvitationReader):
    async def insert_invitation(self, invitation: Invitation) -> None:
        await self._connection.execute(_INSERT, *(getattr(invitation, name) for name in _COLUMNS))

    async def close_invitation(self, id_: UUID, status: Literal["accepted", "revoked"]) -> None:
        await self._connection.execute("UPDATE invitation SET status = $2 WHERE id = $1", id_, status)

    async def revoke_invitations_by(self, person_id: UUID) -> int:
        status = await self._connection.execute(_REVOKE_BY, person_id)
        return int(status.rpartition(" ")[2])


def _invitation(record: Any) -> Invitation | None:
    return None if record is None else Invitation(**{**record, "role": Role(record["role"])})
