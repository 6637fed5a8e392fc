"""Passkeys of people."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from uuid import UUID

from services.key_registry.people.passkeys.ports import Passkey
from shared.postgres.pool import Connection

_COLUMNS = tuple(field.name for field in fields(Passkey))
_PASSKEYS = " ".join(("SELECT", ", ".join(_COLUMNS), "FROM passkey"))
_FIND = " ".join((_PASSKEYS, "WHERE credential_id = $1"))
_OF_PERSON = " ".join((_PASSKEYS, "WHERE person_id = $1 ORDER BY id DESC"))
_INSERT = " ".join(
    (
        f"INSERT INTO passkey ({', '.join(_COLUMNS)})",
        f"VALUES ({', '.join(f'${n}' for n in range(1, len(_COLUMNS) + 1))})",
        "ON CONFLICT (credential_id) DO NOTHING RETURNING 1",
    )
)
_USED = """
UPDATE passkey SET sign_count = $2, last_used_at = $3
WHERE id = $1 AND (sign_count < $2 OR (sign_count = 0 AND $2 = 0)) RETURNING 1
"""
_DELETE = "DELETE FROM passkey WHERE person_id = $1 AND id = $2 RETURNING 1"


class PostgresPasskeyReader:
    """The part of the reader that is about passkeys."""

    _connection: Connection

    async def find_passkey(self, credential_id: bytes) -> Passkey | None:
        record = await self._connection.fetchrow(_FIND, credential_id)
        return None if record is None else Passkey(**record)

    async def passkeys_of(self, person_id: UUID) -> Sequence[Passkey]:
        return [Passkey(**record) for record in await self._connection.fetch(_OF_PERSON, person_id)]


class PostgresPasskeyWriter(PostgresPasskeyReader):
    async def insert_passkey(self, passkey: Passkey) -> bool:
        values = (getattr(passkey, name) for name in _COLUMNS)
        return await self._connection.fetchval(_INSERT, *values) is not None

    async def passkey_used(self, id_: UUID, sign_count: int, at: datetime) -> bool:
        return await self._connection.fetchval(_USED, id_, sign_count, at) is not None

    async def delete_passkey(self, person_id: UUID, id_: UUID) -> bool:
        return await self._connection.fetchval(_DELETE, person_id, id_) is not None

    async def delete_passkeys(self, person_id: UUID) -> int:
        status = await self._connection.execute("DELETE FROM passkey WHERE person_id = $1", person_id)
        return int(status.rpartition(" ")[2])
