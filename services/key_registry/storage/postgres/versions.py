"""The secrets of credentials, which rotation writes; found by their digest or by their credential."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from services.key_registry.catalog.expiry import EXPIRING_KINDS, Expired
from services.key_registry.catalog.resources import KEY_PAIR, Resource, Row
from services.key_registry.catalog.versions import MAX_SHOWN_VERSIONS, QuietSecret, RetiredVersion, Version
from services.key_registry.storage.postgres.statements import STATEMENTS
from services.key_registry.storage.postgres.usage.quiet import QUIET
from shared.postgres.pool import Connection

_COLUMNS = "v.credential_id, v.version, v.digest, v.last_four, v.created_at, v.retires_at, v.revoked, v.quiet_for"
_FIND = " ".join(("SELECT", _COLUMNS, "FROM credential_version v WHERE v.digest = $1 AND v.kind = $2"))
_FIND_KEY_PAIRS = " ".join(
    ("SELECT", ", ".join(KEY_PAIR.columns), "FROM key_pair WHERE jwk_thumbprint(public_jwk) = $1 ORDER BY id")
)
_OF = " ".join(
    (
        "SELECT v.* FROM unnest($1::uuid[]) AS c (id) CROSS JOIN LATERAL (SELECT",
        _COLUMNS,
        """FROM credential_version v WHERE v.credential_id = c.id
        ORDER BY NOT v.revoked AND (v.retires_at IS NULL OR v.retires_at > now()) DESC, v.version DESC
        LIMIT $2) v""",
    )
)
_ADD = """
INSERT INTO credential_version
    (credential_id, version, kind, digest, last_four, created_at, retires_at, revoked, quiet_for)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
_UPDATE = """
UPDATE credential_version SET retires_at = $3, revoked = $4, announced = announced OR $4, quiet_for = $5
WHERE credential_id = $1 AND version = $2
"""
"""The end of one that is revoked is in the feed at once: nobody is to be informed of it later."""
_RETIRED = """
SELECT kind, credential_id, version, retires_at FROM credential_version
WHERE retires_at <= $1 AND NOT announced ORDER BY retires_at LIMIT $2
"""
_ANNOUNCED = "UPDATE credential_version SET announced = true WHERE credential_id = $1 AND version = $2"

_LAST_USED = "SELECT credential_id, version, last_used_at FROM credential_use WHERE credential_id = ANY($1::uuid[])"

_EXPIRED_OF = """
(SELECT '{kind}' AS kind, id, expires_at FROM {kind} WHERE expires_at <= $1 AND status <> 'revoked'
AND expiry_announced IS DISTINCT FROM expires_at ORDER BY expires_at LIMIT $2)
"""
_EXPIRED = " ".join(
    (" UNION ALL ".join(_EXPIRED_OF.replace("{kind}", kind) for kind in EXPIRING_KINDS), "LIMIT $2")
)
_EXPIRY_ANNOUNCED = "UPDATE {kind} SET expiry_announced = expires_at WHERE id = $1"


class PostgresVersionReader:
    """The part of the reader that is about secrets."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def find(self, resource: Resource, id_: UUID) -> Row | None:
        record = await self._connection.fetchrow(STATEMENTS[resource.kind].find, id_)
        return None if record is None else dict(record)

    async def find_by_secret(self, resource: Resource, digest: bytes) -> tuple[Row, Version] | None:
        record = await self._connection.fetchrow(_FIND, digest, resource.kind)
        row = None if record is None else await self.find(resource, record["credential_id"])
        return None if row is None else (row, _version(record))

    async def find_named(self, resource: Resource, names: Collection[str]) -> Sequence[Row]:
        statement = STATEMENTS[resource.kind].find_named
        if statement is None or not names:
            return []
        return [dict(record) for record in await self._connection.fetch(statement, list(names))]

    async def find_key_pairs(self, thumbprint: bytes) -> Sequence[Row]:
        return [dict(record) for record in await self._connection.fetch(_FIND_KEY_PAIRS, thumbprint)]

    async def versions(self, ids: Collection[UUID]) -> Mapping[UUID, Sequence[Version]]:
        found: dict[UUID, list[Version]] = {id_: [] for id_ in ids}
        if found:
            for record in await self._connection.fetch(_OF, list(ids), MAX_SHOWN_VERSIONS):
                found[record["credential_id"]].append(_version(record))
        return found

    async def last_used(self, ids: Collection[UUID]) -> Mapping[UUID, Mapping[int, datetime]]:
        found: dict[UUID, dict[int, datetime]] = {id_: {} for id_ in ids}
        if found:
            for record in await self._connection.fetch(_LAST_USED, list(ids)):
                found[record["credential_id"]][record["version"]] = record["last_used_at"]
        return found

    async def retired(self, now: datetime, limit: int) -> Sequence[RetiredVersion]:
        return [RetiredVersion(**record) for record in await self._connection.fetch(_RETIRED, now, limit)]

    async def quiet(self, now: datetime, margin_s: float, limit: int) -> Sequence[QuietSecret]:
        found = await self._connection.fetch(QUIET, now, margin_s, limit)
        return [QuietSecret(**record) for record in found]

    async def expired(self, now: datetime, limit: int) -> Sequence[Expired]:
        return [Expired(**record) for record in await self._connection.fetch(_EXPIRED, now, limit)]


class PostgresVersionWriter(PostgresVersionReader):
    async def add_version(self, resource: Resource, credential_id: UUID, version: Version) -> None:
        secret = (version.digest, version.last_four, version.created_at)
        end = (version.retires_at, version.revoked, version.quiet_for)
        await self._connection.execute(_ADD, credential_id, version.version, resource.kind, *secret, *end)

    async def update_version(self, credential_id: UUID, version: Version) -> None:
        end = (version.retires_at, version.revoked, version.quiet_for)
        await self._connection.execute(_UPDATE, credential_id, version.version, *end)

    async def retirement_announced(self, version: RetiredVersion) -> None:
        await self._connection.execute(_ANNOUNCED, version.credential_id, version.version)

    async def expiry_announced(self, credential: Expired) -> None:
        await self._connection.execute(_EXPIRY_ANNOUNCED.replace("{kind}", credential.kind), credential.id)


def _version(record: Any) -> Version:
    return Version(**{name: value for name, value in record.items() if name != "credential_id"})
