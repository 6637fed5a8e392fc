"""What depends on an object, in PostgreSQL."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from services.key_registry.catalog.resources import RESOURCES, Resource
from services.key_registry.usage.ports import Dependent, ScopedCredential
from shared.contracts.key_registry import Kind
from shared.postgres.pool import Database

_HAS_SECRET = """ AND EXISTS (
    SELECT FROM credential_version v
    WHERE v.credential_id = {kind}.id AND NOT v.revoked AND (v.retires_at IS NULL OR v.retires_at > now())
)"""


def _works(kind: Kind, resource: Resource) -> str:
    """Whether one is active, has not expired, been succeeded, or lost its last secret."""
    ends = (column for column in ("expires_at", "retires_at") if column in resource.columns)
    found = "status = 'active'" + "".join(f" AND ({column} IS NULL OR {column} > now())" for column in ends)
    return found + (_HAS_SECRET.replace("{kind}", kind) if resource.secret is not None else "")


WORKS: Mapping[Kind, str] = {kind: _works(kind, resource) for kind, resource in RESOURCES.items()}
_COUNT = """
SELECT '{kind}' AS kind, count(*) FILTER (WHERE {works}) AS active,
       count(*) FILTER (WHERE status = 'suspended') AS suspended
FROM {kind} WHERE {column} = $1 AND ($2::uuid IS NULL OR company_id = $2)
"""
_COUNTS: Mapping[Kind, str] = {
    parent: " UNION ALL ".join(
        _COUNT.replace("{works}", WORKS[kind]).replace("{kind}", kind).replace("{column}", f"{parent}_id")
        for kind, resource in RESOURCES.items()
        if f"{parent}_id" in resource.columns
    )
    for parent in RESOURCES
}
"""By the kind of what they depend on; "" where nothing can."""
_API_TOKENS = """
SELECT id FROM api_token
WHERE {kind}_id = $1 AND status <> 'revoked' AND ($2::uuid IS NULL OR company_id = $2)
"""
_BOOKED_BY = """
SELECT company_id FROM booking
WHERE {column} = $1 AND status <> 'revoked' AND ($2::uuid IS NULL OR company_id = $2)
"""
_SCOPED_KIND = """
SELECT '{kind}' AS kind, id, scopes, {works} AS active, status = 'suspended' AS suspended FROM {kind}
WHERE status <> 'revoked' AND company_id IN ({booked_by})
"""
_SCOPED_KINDS: Sequence[Kind] = ("api_client", "key_pair")
_SCOPED = " UNION ALL ".join(
    _SCOPED_KIND.replace("{works}", WORKS[kind]).replace("{kind}", kind) for kind in _SCOPED_KINDS
)


class PostgresDependents:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def dependents(self, kind: Kind, id_: UUID, company_id: UUID | None) -> Sequence[Dependent]:
        if not _COUNTS[kind]:
            return []
        async with self._database.connection() as connection:
            return [Dependent(**record) for record in await connection.fetch(_COUNTS[kind], id_, company_id)]

    async def api_tokens(self, kind: Kind, id_: UUID, company_id: UUID | None) -> Sequence[UUID]:
        async with self._database.connection() as connection:
            records = await connection.fetch(_API_TOKENS.replace("{kind}", kind), id_, company_id)
        return [record["id"] for record in records]

    async def scoped(self, kind: Kind, id_: UUID, company_id: UUID | None) -> Sequence[ScopedCredential]:
        booked_by = _BOOKED_BY.replace("{column}", "id" if kind == "booking" else f"{kind}_id")
        async with self._database.connection() as connection:
            records = await connection.fetch(_SCOPED.replace("{booked_by}", booked_by), id_, company_id)
        return [ScopedCredential(**record) for record in records]
