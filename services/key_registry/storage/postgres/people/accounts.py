"""People and their sessions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from services.key_registry.catalog.permissions import Role
from services.key_registry.people.ports import Person, Session
from shared.postgres.pool import Connection, Database

_PERSON = (
    *("id", "email", "password_hash", "role", "company_id", "status", "created_at", "updated_at"),
    "totp_since",
)
_SESSION = (
    *("id", "person_id", "digest", "created_at", "last_used_at", "expires_at", "ended_at", "address"),
    "user_agent",
)
_PEOPLE = " ".join(("SELECT", ", ".join(_PERSON), "FROM person"))
_FIND = " ".join((_PEOPLE, "WHERE id = $1"))
_BY_EMAIL = " ".join((_PEOPLE, "WHERE email = $1 ORDER BY status = 'revoked', id DESC LIMIT 1"))
_NEWEST = " ".join(
    (
        *(_PEOPLE, "WHERE ($2::uuid IS NULL OR company_id = $2) AND ($3::uuid IS NULL OR id < $3)"),
        "ORDER BY id DESC LIMIT $1",
    )
)
_OWNERS = "SELECT count(*) FROM person WHERE role = 'owner' AND status = 'active' AND company_id IS NULL"
_INSERT_PERSON = " ".join(
    (
        f"INSERT INTO person ({', '.join(_PERSON)})",
        f"VALUES ({', '.join(f'${n}' for n in range(1, len(_PERSON) + 1))})",
    )
)
_UPDATE_PERSON = """
UPDATE person SET role = $2, status = $3, password_hash = $4, updated_at = $5, totp_since = $6 WHERE id = $1
"""
_BY_DIGEST = " ".join(
    (
        *("SELECT", ", ".join(f"s.{name} AS session_{name}" for name in _SESSION), ","),
        *(", ".join(f"p.{name}" for name in _PERSON), "FROM person_session s JOIN person p ON p.id = s.person_id"),
        "WHERE s.digest = $1",
    )
)
_SESSIONS = " ".join(
    (
        *("SELECT", ", ".join(_SESSION), "FROM person_session"),
        "WHERE person_id = $1 AND ended_at IS NULL ORDER BY id DESC LIMIT $2",
    )
)
_INSERT_SESSION = " ".join(
    (
        f"INSERT INTO person_session ({', '.join(_SESSION)})",
        f"VALUES ({', '.join(f'${n}' for n in range(1, len(_SESSION) + 1))})",
    )
)
_END_SESSION = """
UPDATE person_session SET ended_at = $3 WHERE person_id = $1 AND id = $2 AND ended_at IS NULL RETURNING id
"""
_END_SESSIONS = """
UPDATE person_session SET ended_at = $2
WHERE person_id = $1 AND ended_at IS NULL AND ($3::uuid IS NULL OR id <> $3) RETURNING id
"""
_USED = """
WITH person AS (UPDATE person_session SET last_used_at = $2 WHERE id = $1 AND last_used_at < $2)
UPDATE portal_session SET last_used_at = $2 WHERE id = $1 AND last_used_at < $2
"""


class PostgresAccountReader:
    """The part of the reader that is about people and their sessions."""

    _connection: Connection

    async def find_person(self, id_: UUID) -> Person | None:
        return _person(await self._connection.fetchrow(_FIND, id_))

    async def find_person_by_email(self, email: str) -> Person | None:
        return _person(await self._connection.fetchrow(_BY_EMAIL, email))

    async def newest_people(self, company_id: UUID | None, before: UUID | None, limit: int) -> Sequence[Person]:
        records = await self._connection.fetch(_NEWEST, limit, company_id, before)
        return [person for record in records if (person := _person(record)) is not None]

    async def count_active_owners(self) -> int:
        return int(await self._connection.fetchval(_OWNERS))

    async def find_session(self, digest: bytes) -> tuple[Session, Person] | None:
        record = await self._connection.fetchrow(_BY_DIGEST, digest)
        if record is None:
            return None
        session = Session(**{name: record[f"session_{name}"] for name in _SESSION})
        person = _person({name: record[name] for name in _PERSON})
        return None if person is None else (session, person)

    async def sessions_of(self, person_id: UUID, limit: int) -> Sequence[Session]:
        return [Session(**record) for record in await self._connection.fetch(_SESSIONS, person_id, limit)]


class PostgresAccountWriter(PostgresAccountReader):
    async def insert_person(self, person: Person) -> None:
        await self._connection.execute(_INSERT_PERSON, *(getattr(person, name) for name in _PERSON))

    async def update_person(self, person: Person) -> None:
        values = (person.role, person.status, person.password_hash, person.updated_at, person.totp_since)
        await self._connection.execute(_UPDATE_PERSON, person.id, *values)

    async def insert_session(self, session: Session) -> None:
        await self._connection.execute(_INSERT_SESSION, *(getattr(session, name) for name in _SESSION))

    async def end_session(self, person_id: UUID, id_: UUID, at: datetime) -> bool:
        return await self._connection.fetchval(_END_SESSION, person_id, id_, at) is not None

    async def end_sessions(self, person_id: UUID, at: datetime, *, but: UUID | None = None) -> int:
        return len(await self._connection.fetch(_END_SESSIONS, person_id, at, but))


class PostgresSessionUse:
    """Kept by itself: no other write waits for it, and it waits for none."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def used(self, id_: UUID, at: datetime) -> None:
        async with self._database.connection() as connection:
            await connection.execute(_USED, id_, at)


def _person(record: Any) -> Person | None:
    return None if record is None else Person(**{**record, "role": Role(record["role"])})
