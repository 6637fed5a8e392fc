"""Links with which people set a password that they have forgotten."""

from collections.abc import Collection, Mapping
from dataclasses import fields
from datetime import datetime
from uuid import UUID

from services.key_registry.people.password_resets.ports import PasswordReset
from services.key_registry.storage.postgres.people.makers import ENDS_AT, MAKER_ACTS
from shared.postgres.pool import Connection

_COLUMNS = tuple(field.name for field in fields(PasswordReset))
_LIVE = " ".join(("FROM password_reset AS link WHERE (", MAKER_ACTS, ")"))
_SHOWN = ", ".join(f"{ENDS_AT} AS expires_at" if column == "expires_at" else column for column in _COLUMNS)
_BY_DIGEST = " ".join(("SELECT", _SHOWN, _LIVE, "AND digest = $1"))
_OPEN = " ".join(
    ("SELECT person_id,", ENDS_AT, "AS expires_at", _LIVE, "AND person_id = ANY($1::uuid[]) AND", ENDS_AT, "> $2")
)
_PUT = " ".join(
    (
        f"INSERT INTO password_reset ({', '.join(_COLUMNS)})",
        f"VALUES ({', '.join(f'${n}' for n in range(1, len(_COLUMNS) + 1))})",
        "ON CONFLICT (person_id) DO UPDATE SET",
        ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS if name != "person_id"),
    )
)


class PostgresPasswordResetReader:
    """The part of the reader that is about password resets."""

    _connection: Connection

    async def find_password_reset(self, digest: bytes) -> PasswordReset | None:
        record = await self._connection.fetchrow(_BY_DIGEST, digest)
        return None if record is None else PasswordReset(**record)

    async def open_password_resets(self, person_ids: Collection[UUID], now: datetime) -> Mapping[UUID, datetime]:
        records = await self._connection.fetch(_OPEN, list(person_ids), now)
        return {record["person_id"]: record["expires_at"] for record in records}


class PostgresPasswordResetWriter(PostgresPasswordResetReader):
    async def put_password_reset(self, reset: PasswordReset) -> None:
        await self._connection.execute(_PUT, *(getattr(reset, name) for name in _COLUMNS))

    async def delete_password_reset(self, person_id: UUID) -> bool:
        statement = "DELETE FROM password_reset WHERE person_id = $1 RETURNING 1"
        return await self._connection.fetchval(statement, person_id) is not None

    async def delete_password_resets_by(self, creator_id: UUID) -> int:
        status = await self._connection.execute("DELETE FROM password_reset WHERE created_by = $1", creator_id)
        return int(status.rpartition(" ")[2])
