"""Second factors of people, and sign-ins that wait for one."""

from collections.abc import Collection
from dataclasses import fields
from uuid import UUID

from services.key_registry.people.factors.ports import Totp
from shared.postgres.pool import Connection

_TOTP = tuple(field.name for field in fields(Totp))
_FIND_TOTP = " ".join(("SELECT", ", ".join(_TOTP), "FROM person_totp WHERE person_id = $1"))
_PUT_TOTP = " ".join(
    (
        f"INSERT INTO person_totp ({', '.join(_TOTP)})",
        f"VALUES ({', '.join(f'${n}' for n in range(1, len(_TOTP) + 1))})",
        "ON CONFLICT (person_id) DO UPDATE SET",
        ", ".join(f"{name} = excluded.{name}" for name in _TOTP if name != "person_id"),
    )
)
_USE_STEP = "UPDATE person_totp SET last_step = $2 WHERE person_id = $1 AND last_step < $2 RETURNING 1"
_ADD_CODES = "INSERT INTO recovery_code (person_id, digest) SELECT $1, unnest($2::bytea[])"
_USE_CODE = "DELETE FROM recovery_code WHERE person_id = $1 AND digest = $2 RETURNING 1"


class PostgresFactorReader:
    """The part of the reader that is about second factors."""

    _connection: Connection

    async def find_totp(self, person_id: UUID) -> Totp | None:
        record = await self._connection.fetchrow(_FIND_TOTP, person_id)
        return None if record is None else Totp(**record)

    async def count_recovery_codes(self, person_id: UUID) -> int:
        statement = "SELECT count(*) FROM recovery_code WHERE person_id = $1"
        return int(await self._connection.fetchval(statement, person_id))


class PostgresFactorWriter(PostgresFactorReader):
    async def put_totp(self, totp: Totp) -> None:
        await self._connection.execute(_PUT_TOTP, *(getattr(totp, name) for name in _TOTP))

    async def use_totp_step(self, person_id: UUID, step: int) -> bool:
        return await self._connection.fetchval(_USE_STEP, person_id, step) is not None

    async def replace_recovery_codes(self, person_id: UUID, digests: Collection[bytes]) -> None:
        await self._connection.execute("DELETE FROM recovery_code WHERE person_id = $1", person_id)
        await self._connection.execute(_ADD_CODES, person_id, list(digests))

    async def use_recovery_code(self, person_id: UUID, digest: bytes) -> bool:
        return await self._connection.fetchval(_USE_CODE, person_id, digest) is not None

    async def delete_factors(self, person_id: UUID) -> None:
        await self._connection.execute("DELETE FROM person_totp WHERE person_id = $1", person_id)
        await self._connection.execute("DELETE FROM recovery_code WHERE person_id = $1", person_id)
