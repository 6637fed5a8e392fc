"""An installation that has grown: ten thousand companies, a hundred thousand credentials, a year of usage."""

from collections.abc import Callable

import asyncpg

from services.key_registry.storage.postgres import SCHEMA

COMPANIES = 10_000
CREDENTIALS = 100_000
LARGE = 2_000
"""Credentials of the first company; the others share what is left."""
USED_DAILY = 1_000
"""Credentials of other companies that are used each day; of the first company all of one kind are."""
LIMITS = '{"quota": {"calls": 1000000, "per": "month"}}'
"""Of a tenth of the credentials."""
PREFIX = "co1"
"""Of the first company."""

_COMPANY_OF = f"(CASE WHEN i <= {LARGE} THEN 1 ELSE 2 + i % ({COMPANIES} - 1) END)"
_STEPS = {
    "companies": f"""
        CREATE TEMPORARY TABLE numbered_company AS SELECT n, uuidv7() AS id FROM generate_series(1, {COMPANIES}) n;
        INSERT INTO company (id, name, client_prefix, company_uri, status, status_at, created_at, updated_at)
        SELECT id, 'Company ' || n, 'co' || n, 'https://co' || n || '.example', 'active', now(), now(), now()
        FROM numbered_company;
        INSERT INTO application (id, name, application_prefix, scopes, status, status_at, created_at, updated_at)
        VALUES (uuidv7(), 'SMS', 'SMS', ARRAY['sms:send'], 'active', now(), now(), now());
        INSERT INTO booking (id, company_id, application_id, status, status_at, created_at, updated_at)
        SELECT uuidv7(), c.id, a.id, 'active', now(), now(), now() FROM numbered_company c, application a;
    """,
    "credentials": f"""
        CREATE TEMPORARY TABLE numbered AS
        SELECT i AS n, c.id AS company_id, uuidv7() AS id, sha256(i::text::bytea) AS digest,
            CASE WHEN i % 50 = 0 THEN 'suspended' ELSE 'active' END AS status,
            CASE WHEN i % 3 = 0 THEN now() + i % 400 * interval '1 day' + interval '1 hour' END AS expires_at,
            CASE WHEN i % 10 = 0 THEN '{LIMITS}'::jsonb END AS limits
        FROM generate_series(1, {CREDENTIALS}) i JOIN numbered_company c ON c.n = {_COMPANY_OF};
        INSERT INTO access_key (id, company_id, name, default_ttl, max_ttl, digest, status, status_at, created_at,
            updated_at, last_four, expires_at, limits)
        SELECT id, company_id, 'key ' || n, 3600, 86400, digest, status, now(), now(), now(),
            right(md5(n::text), 4), expires_at, limits FROM numbered WHERE n % 3 = 0;
        INSERT INTO api_client (id, company_id, key, comment, scopes, digest, status, status_at, created_at,
            updated_at, last_four, expires_at, limits)
        SELECT id, company_id, 'pgck_' || left(md5(n::text), 22), 'client ' || n, ARRAY['sms:send'], digest, status,
            now(), now(), now(),
            right(md5(n::text), 4), expires_at, limits FROM numbered WHERE n % 3 = 1;
        INSERT INTO api_token (id, company_id, application_id, booking_id, remote_application, digest, status,
            status_at, created_at, updated_at, last_four, expires_at, limits)
        SELECT n.id, n.company_id, b.application_id, b.id, 'shop ' || n.n, n.digest, n.status, now(), now(), now(),
            right(md5(n.n::text), 4), n.expires_at, n.limits
        FROM numbered n JOIN booking b ON b.company_id = n.company_id WHERE n.n % 3 = 2;
    """,
    "usage": f"""
        CREATE TEMPORARY TABLE used AS SELECT * FROM numbered
        WHERE n % 3 = 1 AND n <= {LARGE} OR n > {CREDENTIALS - USED_DAILY};
        INSERT INTO usage_day (at, credential_id, version, route, outcome, cause, company_id, calls)
        SELECT date_trunc('day', now(), 'UTC') - d * interval '1 day', id, 1, 'sms',
            CASE WHEN n % 10 = 0 THEN 'refused' ELSE 'accepted' END,
            CASE WHEN n % 10 = 0 THEN 'expired' ELSE '' END, company_id, 100 + n % 50
        FROM used, generate_series(0, 364) d;
        INSERT INTO usage_hour (at, credential_id, version, route, outcome, cause, company_id, calls)
        SELECT date_trunc('hour', now()) - h * interval '1 hour', id, 1, 'sms', 'accepted', '', company_id, 10
        FROM used, generate_series(0, 167) h;
        INSERT INTO usage_total (at, outcome, cause, calls)
        SELECT date_trunc('hour', now()) - h * interval '1 hour', outcome, cause, 1000
        FROM generate_series(0, 8759) h,
            (VALUES ('accepted', ''), ('refused', 'expired'), ('refused', 'unknown')) o(outcome, cause);
        INSERT INTO credential_use (credential_id, version, last_used_at) SELECT id, 1, now() FROM used;
    """,
    "statistics": "VACUUM ANALYZE",
}


async def fill(database_url: str, step: Callable[[str], None]) -> None:
    """`step` hears of each part before it is written. The schema must be there, and nothing else."""
    connection = await asyncpg.connect(database_url, server_settings={"search_path": SCHEMA})
    try:
        for name, statements in _STEPS.items():
            step(f"writing {name}")
            await connection.execute(statements)
    finally:
        await connection.close()
