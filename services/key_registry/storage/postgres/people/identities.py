"""Which subjects of an OpenID provider people are."""

from uuid import UUID

from services.key_registry.people.openid.ports import Identity
from shared.postgres.pool import Connection

_COLUMNS = ", ".join(Identity._fields)
_FIND = " ".join(("SELECT", _COLUMNS, "FROM person_identity WHERE person_id = $1 AND issuer = $2"))
_FREE = """
DELETE FROM person_identity AS identity USING person
WHERE identity.issuer = $1 AND identity.subject = $2
    AND person.id = identity.person_id AND person.status = 'revoked'
"""
_INSERT = " ".join(
    (f"INSERT INTO person_identity ({_COLUMNS})", "VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING 1")
)


class PostgresIdentityReader:
    """The part of the reader that is about the subjects of an OpenID provider."""

    _connection: Connection

    async def find_identity(self, person_id: UUID, issuer: str) -> Identity | None:
        record = await self._connection.fetchrow(_FIND, person_id, issuer)
        return None if record is None else Identity(**record)


class PostgresIdentityWriter(PostgresIdentityReader):
    async def insert_identity(self, identity: Identity) -> bool:
        await self._connection.execute(_FREE, identity.issuer, identity.subject)
        return await self._connection.fetchval(_INSERT, *identity) is not None

    async def delete_identities(self, person_id: UUID) -> int:
        status = await self._connection.execute("DELETE FROM person_identity WHERE person_id = $1", person_id)
        return int(status.rpartition(" ")[2])
