"""How often credentials were used, by hours and days; when last; what was issued to them and lives."""

from shared.postgres.migrations import execute_script

revision = "0022"
down_revision = "0021"

TABLES = """
-- The last batch that was added of each process that counts.
CREATE TABLE IF NOT EXISTS usage_source (
    id uuid PRIMARY KEY,
    number bigint NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS usage_source_at ON usage_source (at);
CREATE TABLE IF NOT EXISTS credential_use (
    credential_id uuid NOT NULL,
    -- 0: by none of its secrets, as a key pair has none
    version integer NOT NULL,
    last_used_at timestamptz NOT NULL,
    PRIMARY KEY (credential_id, version)
) WITH (fillfactor = 70);
CREATE TABLE IF NOT EXISTS issued_tokens (
    credential_id uuid NOT NULL,
    company_id uuid,
    version integer NOT NULL,
    what text NOT NULL CHECK (what IN ('jwt', 'session_token')),
    expires_at timestamptz NOT NULL,
    tokens bigint NOT NULL,
    PRIMARY KEY (credential_id, expires_at, version, what)
) WITH (fillfactor = 70);
CREATE INDEX IF NOT EXISTS issued_tokens_company ON issued_tokens (company_id, expires_at);
CREATE INDEX IF NOT EXISTS issued_tokens_expires_at ON issued_tokens (expires_at);
"""
OF_PERIOD = """
CREATE TABLE IF NOT EXISTS usage_{period} (
    at timestamptz NOT NULL,
    credential_id uuid NOT NULL,
    version integer NOT NULL,
    route text NOT NULL,
    outcome text NOT NULL,
    cause text NOT NULL,
    company_id uuid,
    calls bigint NOT NULL,
    PRIMARY KEY (at, credential_id, version, route, outcome, cause)
) WITH (fillfactor = 70);
CREATE INDEX IF NOT EXISTS usage_{period}_credential ON usage_{period} (credential_id, at);
CREATE INDEX IF NOT EXISTS usage_{period}_company ON usage_{period} (company_id, at);
-- How many different users or addresses there were: see services/key_registry/usage/sketch.py.
CREATE TABLE IF NOT EXISTS distinct_{period} (
    at timestamptz NOT NULL,
    credential_id uuid NOT NULL,
    what text NOT NULL CHECK (what IN ('address', 'user')),
    company_id uuid,
    sketch bytea NOT NULL,
    PRIMARY KEY (at, credential_id, what)
);
CREATE INDEX IF NOT EXISTS distinct_{period}_credential ON distinct_{period} (credential_id, at);
CREATE INDEX IF NOT EXISTS distinct_{period}_company ON distinct_{period} (company_id, at);
"""
# What is known of a credential alone ends with it; its calls stay those of its company.
FUNCTION = """
CREATE OR REPLACE FUNCTION delete_use() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    DELETE FROM credential_use WHERE credential_id = OLD.id;
    DELETE FROM issued_tokens WHERE credential_id = OLD.id;
    RETURN NULL;
END
$$;
"""
OF_CREDENTIAL = """
DROP TRIGGER IF EXISTS delete_use ON {table};
CREATE TRIGGER delete_use AFTER DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION delete_use();
"""


def upgrade() -> None:
    execute_script(TABLES + "".join(OF_PERIOD.replace("{period}", period) for period in ("hour", "day")))
    execute_script(FUNCTION)
    for table in ("api_token", "access_key", "api_client", "key_pair", "admin_token"):
        execute_script(OF_CREDENTIAL.replace("{table}", table))
