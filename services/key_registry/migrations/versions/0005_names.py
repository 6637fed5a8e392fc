"""Prefixes and company URIs are unique without regard to case, and lists are searched by words."""

from shared.postgres.migrations import execute_script

revision = "0005"
down_revision = "0004"

COLLISIONS = """
-- Which of the two is meant is for a person to say: the migration changes nothing and names them.
DO $$
DECLARE
    taken text;
BEGIN
    SELECT string_agg(spellings, '; ') INTO taken FROM (
        SELECT 'client_prefix ' || string_agg(client_prefix, ', ' ORDER BY client_prefix COLLATE "C") AS spellings
        FROM company GROUP BY lower(client_prefix) HAVING count(*) > 1
        UNION ALL
        SELECT 'company_uri ' || string_agg(company_uri, ', ' ORDER BY company_uri COLLATE "C")
        FROM company GROUP BY lower(company_uri) HAVING count(*) > 1
        UNION ALL
        SELECT 'application_prefix ' || string_agg(application_prefix, ', ' ORDER BY application_prefix COLLATE "C")
        FROM application GROUP BY lower(application_prefix) HAVING count(*) > 1
    ) collisions;
    IF taken IS NOT NULL THEN
        RAISE EXCEPTION 'values that differ in case alone must be changed first: %', taken;
    END IF;
END
$$;
"""

# The names stay, so that code of the revision before still knows which member is taken.
UNIQUE = """
ALTER TABLE company DROP CONSTRAINT company_client_prefix_key;
ALTER TABLE company DROP CONSTRAINT company_company_uri_key;
ALTER TABLE application DROP CONSTRAINT application_application_prefix_key;
CREATE UNIQUE INDEX company_client_prefix_key ON company (lower(client_prefix));
CREATE UNIQUE INDEX company_company_uri_key ON company (lower(company_uri));
CREATE UNIQUE INDEX application_application_prefix_key ON application (lower(application_prefix));
"""

PUNCTUATION = '!"#$%&()*+,-./:;<=>?@[]^_`{|}~'
SEARCHED = {
    "company": "name || ' ' || client_prefix || ' ' || company_uri",
    "application": "name || ' ' || application_prefix",
    "api_token": "remote_application",
    "access_key": "name",
    "api_client": "comment || ' ' || key",
    "key_pair": "kid",
    "admin_token": "name",
}


def upgrade() -> None:
    execute_script(COLLISIONS)
    execute_script(UNIQUE)
    blanks = " " * len(PUNCTUATION)
    for table, text in SEARCHED.items():
        vector = f"to_tsvector('simple', translate({text}, '{PUNCTUATION}', '{blanks}'))"
        execute_script(f"CREATE INDEX {table}_search ON {table} USING gin ({vector});")
