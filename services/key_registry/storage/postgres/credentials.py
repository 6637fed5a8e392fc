"""Look-ups of credentials: one query for all that are requested at once, with the position that it was read at."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from services.key_registry.history.guard import HistoryGuard
from shared.contracts.key_registry import AccessKey, ApiClient, ApiToken, Company, KeyPair, Record
from shared.postgres.pool import Database

_COMMON = """
x.id::text, x.status, (SELECT coalesce(max(seq), 0) FROM change) AS as_of,
coalesce((SELECT mark FROM change ORDER BY seq DESC LIMIT 1), 'origin') AS mark,
c.id::text AS company_id, c.client_prefix, c.company_uri, c.status AS company_status,
CASE x.expires_at WHEN '-infinity' THEN 0 ELSE extract(epoch FROM x.expires_at)::float8 END AS expires_at
"""
"""JSON has no -Infinity, and null would mean that it never expires: 0 is as long past."""

_BOOKINGS = """
(SELECT coalesce(json_agg(o), '[]') FROM (
    SELECT DISTINCT ON (b.application_id) b.id AS booking_id, b.status AS booking_status,
        a.id AS application_id, a.status AS application_status, a.scopes
    FROM booking b JOIN application a ON a.id = b.application_id
    WHERE b.company_id = c.id
    ORDER BY b.application_id, b.status = 'revoked', b.id DESC
) o) AS bookings
"""

_RETIRES_AT = "extract(epoch FROM v.retires_at)::float8"
_SECRET = f"v.digest, v.version, {_RETIRES_AT} AS retires_at, v.revoked AS version_revoked"
_SECRETS = " ".join(
    (
        "(SELECT json_agg(s) FROM (SELECT v.version, encode(v.digest, 'hex') AS digest,",
        _RETIRES_AT,
        """AS retires_at, v.revoked FROM credential_version v WHERE v.credential_id = x.id
        ORDER BY NOT v.revoked AND (v.retires_at IS NULL OR v.retires_at > now()) DESC, v.version DESC LIMIT 5
        ) s) AS secrets""",
    )
)
"""Those that work, and the newest of the others: of these the audit trail says more than that they are wrong."""


def _query(columns: str, tables: str) -> str:
    return " ".join(("SELECT", columns, ",", _COMMON, "FROM", tables))


_API_TOKENS = _query(
    f"""{_SECRET}, x.remote_application,
    b.id::text AS booking_id, b.status AS booking_status,
    a.id::text AS application_id, a.application_prefix, a.status AS application_status""",
    """credential_version v JOIN api_token x ON x.id = v.credential_id
    JOIN booking b ON b.id = x.booking_id JOIN application a ON a.id = b.application_id
    JOIN company c ON c.id = b.company_id WHERE v.digest = ANY($1::bytea[])""",
)
_ACCESS_KEYS = _query(
    f"{_SECRET}, x.name, x.default_ttl, x.max_ttl",
    """credential_version v JOIN access_key x ON x.id = v.credential_id
    JOIN company c ON c.id = x.company_id WHERE v.digest = ANY($1::bytea[])""",
)
_API_CLIENTS = _query(
    f"x.key, encode(x.digest, 'hex') AS secret_digest, {_SECRETS}, x.scopes, x.audience, {_BOOKINGS}",
    "api_client x JOIN company c ON c.id = x.company_id WHERE x.key = ANY($1::text[])",
)
_KEY_PAIRS = _query(
    f"""x.kid, x.algorithm, x.public_jwk AS public_key, x.scopes, {_BOOKINGS},
    extract(epoch FROM x.retires_at)::float8 AS retires_at""",
    "key_pair x JOIN company c ON c.id = x.company_id WHERE x.kid = ANY($1::text[])",
)

R = TypeVar("R", bound=Record)


class PostgresCredentials:
    """With a `guard`, nothing is found in a history that was set back: that raises `Unavailable`."""

    def __init__(self, database: Database, guard: HistoryGuard | None = None) -> None:
        self._database = database
        self._guard = guard

    async def api_tokens(self, digests: Sequence[bytes]) -> Mapping[bytes, ApiToken]:
        return await self._records(ApiToken, _API_TOKENS, "digest", digests)

    async def access_keys(self, digests: Sequence[bytes]) -> Mapping[bytes, AccessKey]:
        return await self._records(AccessKey, _ACCESS_KEYS, "digest", digests)

    async def api_clients(self, keys: Sequence[str]) -> Mapping[str, ApiClient]:
        found = await self._records(ApiClient, _API_CLIENTS, "key", keys)
        return {key: without_revoked_digest(client) for key, client in found.items()}

    async def key_pairs(self, kids: Sequence[str]) -> Mapping[str, KeyPair]:
        return await self._records(KeyPair, _KEY_PAIRS, "kid", kids)

    async def _records(self, model: type[R], statement: str, key: str, keys: Sequence[Any]) -> dict[Any, R]:
        expected = None if self._guard is None else self._guard.expected()
        async with self._database.connection() as connection:
            records = await connection.fetch(statement, keys)
        if self._guard is not None and expected is not None and records:
            self._guard.confirm(expected, records[0]["as_of"], records[0]["mark"])
        return {record[key]: _record(model, record) for record in records}


def without_revoked_digest(client: ApiClient) -> ApiClient:
    """`secret_digest` is all that earlier releases know: that of a secret which is revoked must not be there."""
    revoked = any(secret.revoked and secret.digest == client.secret_digest for secret in client.secrets)
    return client.model_copy(update={"secret_digest": ""}) if revoked else client


def _record(model: Callable[..., R], record: Any) -> R:
    company = Company(
        id=record["company_id"],
        client_prefix=record["client_prefix"],
        company_uri=record["company_uri"],
        status=record["company_status"],
    )
    return model(company=company, **record)
