"""The secrets that a credential has had, one of which is current and one may be retiring."""

from shared.postgres.migrations import execute_script

revision = "0010"
down_revision = "0009"

TABLE = """
-- A credential's own digest and last_four stay those of its newest version: code of the revision before reads them.
CREATE TABLE IF NOT EXISTS credential_version (
    credential_id uuid NOT NULL,
    version integer NOT NULL CHECK (version >= 1),
    kind text NOT NULL CHECK (kind IN ('api_token', 'access_key', 'api_client', 'admin_token')),
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    last_four text CHECK (last_four ~ '^[0-9A-Za-z]{4}$'),
    created_at timestamptz NOT NULL,
    retires_at timestamptz,
    -- ended at once: what was issued with it ended as well
    revoked boolean NOT NULL DEFAULT false,
    -- whether its end is in the change feed and the audit trail
    announced boolean NOT NULL DEFAULT false,
    PRIMARY KEY (credential_id, version),
    CHECK (retires_at IS NOT NULL OR NOT revoked)
);
CREATE UNIQUE INDEX IF NOT EXISTS credential_version_digest ON credential_version (digest);
CREATE INDEX IF NOT EXISTS credential_version_retires_at ON credential_version (retires_at)
    WHERE retires_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS credential_version_unannounced ON credential_version (retires_at)
    WHERE retires_at IS NOT NULL AND NOT announced;
"""

# The first version comes with its credential, also with one that code of the revision before creates.
FUNCTIONS = """
CREATE OR REPLACE FUNCTION add_first_version() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO credential_version (credential_id, version, kind, digest, last_four, created_at)
    VALUES (NEW.id, 1, TG_TABLE_NAME, NEW.digest, NEW.last_four, NEW.created_at);
    RETURN NULL;
END
$$;
CREATE OR REPLACE FUNCTION delete_versions() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    DELETE FROM credential_version WHERE credential_id = OLD.id;
    RETURN NULL;
END
$$;
"""

TABLES = ("api_token", "access_key", "api_client", "admin_token")
OF_TABLE = """
LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE;
INSERT INTO credential_version (credential_id, version, kind, digest, last_four, created_at)
    SELECT id, 1, '{table}', digest, last_four, created_at FROM {table} ON CONFLICT DO NOTHING;
DROP TRIGGER IF EXISTS add_first_version ON {table};
CREATE TRIGGER add_first_version AFTER INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION add_first_version();
DROP TRIGGER IF EXISTS delete_versions ON {table};
CREATE TRIGGER delete_versions AFTER DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION delete_versions();
"""


def upgrade() -> None:
    execute_script(TABLE)
    execute_script(FUNCTIONS)
    for table in TABLES:
        execute_script(OF_TABLE.replace("{table}", table))
