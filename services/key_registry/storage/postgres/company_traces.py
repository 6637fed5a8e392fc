"""What PostgreSQL has of a company beside its objects and its audit lines."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from shared.postgres.pool import Database

_RESPONSES = """
DELETE FROM idempotency WHERE admin_token_id IN (SELECT id FROM admin_token WHERE company_id = $1)
"""
_RESPONSES_TO_PEOPLE = """
DELETE FROM idempotency WHERE admin_token_id IN (
    SELECT s.id FROM person_session s JOIN person p ON p.id = s.person_id WHERE p.company_id = $1
)
"""
_RESPONSES_TO_PORTAL = """
DELETE FROM idempotency WHERE admin_token_id IN (SELECT id FROM portal_session WHERE company_id = $1)
"""
_PORTAL = "DELETE FROM portal_session WHERE company_id = $1"
_PORTAL_SESSIONS = """
SELECT id::text, role, name, created_at, opened_at, last_used_at, expires_at, ended_at, address, user_agent
FROM portal_session WHERE company_id = $1 ORDER BY id
"""
_PEOPLE = "DELETE FROM person WHERE company_id = $1"
_INVITATIONS = "DELETE FROM invitation WHERE company_id = $1"
_KNOWN_PEOPLE = """
SELECT id::text, email, role, status, created_at, updated_at, totp_since, (
    SELECT coalesce(json_agg(json_build_object('name', k.name, 'created_at', k.created_at,
        'last_used_at', k.last_used_at) ORDER BY k.id), '[]')
    FROM passkey k WHERE k.person_id = person.id
) AS passkeys, (
    SELECT coalesce(json_agg(json_build_object('issuer', i.issuer, 'subject', i.subject,
        'created_at', i.created_at) ORDER BY i.issuer), '[]')
    FROM person_identity i WHERE i.person_id = person.id
) AS identities, (
    SELECT coalesce(json_agg(json_build_object('created_at', s.created_at, 'last_used_at', s.last_used_at,
        'address', s.address, 'user_agent', s.user_agent) ORDER BY s.id), '[]')
    FROM person_session s WHERE s.person_id = person.id
) AS sessions FROM person WHERE company_id = $1 ORDER BY id
"""
_INVITED = """
SELECT id::text, role, email, status, created_at, expires_at FROM invitation WHERE company_id = $1 ORDER BY id
"""
_WEBHOOKS = """
SELECT id::text, name, url, types, enabled, created_at, updated_at FROM webhook WHERE company_id = $1 ORDER BY id
"""
_EVENTS = "DELETE FROM event WHERE company_id = $1"
_HAPPENED = "SELECT id::text, type, at, request_id, data FROM event WHERE company_id = $1 ORDER BY number"
_REFUSALS = "DELETE FROM refusal_trace WHERE company_id = $1"
_REPORT_ONLY = "DELETE FROM report_only_count WHERE company_id = $1"
_TRIALS = "DELETE FROM trial_stop WHERE company_id = $1"
_REFUSED = """
SELECT request_id, at, cause, credential, document FROM refusal_trace WHERE company_id = $1 ORDER BY number
"""
_REVOCATIONS = "UPDATE revocation SET company_id = NULL, reason = '' WHERE company_id = $1"
_CHANGES = "UPDATE change SET company_id = NULL WHERE company_id = $1"

_USAGE = """
SELECT at, credential_id::text, version, route, outcome, cause, calls FROM usage_day WHERE company_id = $1
ORDER BY at, credential_id
"""
_FORGET_USAGE = tuple(
    " ".join(("DELETE FROM", table, "WHERE company_id = $1"))
    for table in ("usage_hour", "usage_day", "distinct_hour", "distinct_day", "issued_tokens")
)


class PostgresCompanyTraces:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def forget(self, company_id: UUID) -> None:
        async with self._database.transaction() as connection:
            await connection.execute(_RESPONSES, company_id)
            await connection.execute(_RESPONSES_TO_PEOPLE, company_id)
            await connection.execute(_RESPONSES_TO_PORTAL, company_id)
            await connection.execute(_PORTAL, company_id)
            await connection.execute(_PEOPLE, company_id)
            await connection.execute(_INVITATIONS, company_id)
            await connection.execute(_REVOCATIONS, str(company_id))
            await connection.execute(_CHANGES, str(company_id))
            await connection.execute(_REFUSALS, str(company_id))
            await connection.execute(_REPORT_ONLY, str(company_id))
            await connection.execute(_TRIALS, company_id)
            await connection.execute(_EVENTS, str(company_id))
            for statement in _FORGET_USAGE:
                await connection.execute(statement, company_id)

    async def usage(self, company_id: UUID) -> Sequence[Mapping[str, Any]]:
        async with self._database.connection() as connection:
            return [dict(record) for record in await connection.fetch(_USAGE, company_id)]

    async def webhooks(self, company_id: UUID) -> Sequence[Mapping[str, Any]]:
        async with self._database.connection() as connection:
            return [dict(record) for record in await connection.fetch(_WEBHOOKS, company_id)]

    async def people(self, company_id: UUID) -> Sequence[Mapping[str, Any]]:
        async with self._database.connection() as connection:
            return [dict(record) for record in await connection.fetch(_KNOWN_PEOPLE, company_id)]

    async def invitations(self, company_id: UUID) -> Sequence[Mapping[str, Any]]:
        async with self._database.connection() as connection:
            return [dict(record) for record in await connection.fetch(_INVITED, company_id)]

    async def portal_sessions(self, company_id: UUID) -> Sequence[Mapping[str, Any]]:
        async with self._database.connection() as connection:
            return [dict(record) for record in await connection.fetch(_PORTAL_SESSIONS, company_id)]

    async def events(self, company_id: UUID) -> Sequence[Mapping[str, Any]]:
        async with self._database.connection() as connection:
            return [dict(record) for record in await connection.fetch(_HAPPENED, str(company_id))]

    async def refusals(self, company_id: UUID) -> Sequence[Mapping[str, Any]]:
        async with self._database.connection() as connection:
            return [dict(record) for record in await connection.fetch(_REFUSED, str(company_id))]
