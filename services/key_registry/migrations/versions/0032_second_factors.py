"""One-time codes of an authenticator, recovery codes, and sign-ins that wait for one of them."""

from shared.postgres.migrations import execute_script

revision = "0032"
down_revision = "0031"

TABLES = """
-- NULL: the password is enough
ALTER TABLE person ADD COLUMN IF NOT EXISTS totp_since timestamptz;
CREATE TABLE IF NOT EXISTS person_totp (
    person_id uuid PRIMARY KEY REFERENCES person (id) ON DELETE CASCADE,
    -- encrypted, bound to the person
    sealed_secret bytea NOT NULL,
    created_at timestamptz NOT NULL,
    -- NULL until a code has shown that the authenticator has the secret
    confirmed_at timestamptz,
    -- of the last code that was used: RFC 6238 section 5.2
    last_step bigint NOT NULL
);
CREATE TABLE IF NOT EXISTS recovery_code (
    digest bytea PRIMARY KEY CHECK (octet_length(digest) = 32),
    person_id uuid NOT NULL REFERENCES person (id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS recovery_code_person ON recovery_code (person_id);
CREATE TABLE IF NOT EXISTS pending_sign_in (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    digest bytea NOT NULL CONSTRAINT pending_sign_in_digest_key UNIQUE CHECK (octet_length(digest) = 32),
    expires_at timestamptz NOT NULL,
    wrong_codes integer NOT NULL
);
CREATE INDEX IF NOT EXISTS pending_sign_in_person ON pending_sign_in (person_id, id);
CREATE INDEX IF NOT EXISTS pending_sign_in_expires_at ON pending_sign_in (expires_at);
"""


def upgrade() -> None:
    execute_script(TABLES)
