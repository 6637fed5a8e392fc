"""Links with which people set a password that they have forgotten."""

from shared.postgres.migrations import execute_script

revision = "0036"
down_revision = "0035"

TABLES = """
CREATE TABLE IF NOT EXISTS password_reset (
    -- one at a time
    person_id uuid PRIMARY KEY REFERENCES person (id) ON DELETE CASCADE,
    id uuid NOT NULL,
    digest bytea NOT NULL CONSTRAINT password_reset_digest_key UNIQUE CHECK (octet_length(digest) = 32),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    -- a person or an admin token; NULL where neither did
    created_by uuid
);
CREATE INDEX IF NOT EXISTS password_reset_expires_at ON password_reset (expires_at);
"""


def upgrade() -> None:
    execute_script(TABLES)
