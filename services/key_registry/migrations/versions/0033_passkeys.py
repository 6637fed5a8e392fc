"""Passkeys of people, and the challenges that were used."""

from shared.postgres.migrations import execute_script

revision = "0033"
down_revision = "0032"

TABLES = """
CREATE TABLE IF NOT EXISTS passkey (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    -- by which an authenticator finds it; no secret
    credential_id bytea NOT NULL CONSTRAINT passkey_credential_id_key UNIQUE,
    -- COSE (RFC 9052)
    public_key bytea NOT NULL,
    sign_count bigint NOT NULL,
    name text NOT NULL,
    created_at timestamptz NOT NULL,
    last_used_at timestamptz
);
CREATE INDEX IF NOT EXISTS passkey_person ON passkey (person_id, id);
CREATE TABLE IF NOT EXISTS used_challenge (
    digest bytea PRIMARY KEY CHECK (octet_length(digest) = 32),
    expires_at timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS used_challenge_expires_at ON used_challenge (expires_at);
"""


def upgrade() -> None:
    execute_script(TABLES)
