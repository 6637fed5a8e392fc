"""People with a password, their sessions, and the invitations that they came by."""

from shared.postgres.migrations import execute_script

revision = "0024"
down_revision = "0023"

TABLES = """
CREATE TABLE IF NOT EXISTS person (
    id uuid PRIMARY KEY,
    -- in lower case
    email text NOT NULL CHECK (email = lower(email)),
    password_hash text NOT NULL,
    role text NOT NULL CHECK (role IN ('viewer', 'editor', 'owner')),
    -- NULL: one of the operator's people
    company_id uuid REFERENCES company (id) ON DELETE RESTRICT,
    status text NOT NULL CHECK (status IN ('active', 'suspended', 'revoked')),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
-- whoever was revoked may be invited again
CREATE UNIQUE INDEX IF NOT EXISTS person_email_key ON person (email) WHERE status <> 'revoked';
CREATE INDEX IF NOT EXISTS person_company ON person (company_id, id);
CREATE TABLE IF NOT EXISTS person_session (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    digest bytea NOT NULL CONSTRAINT person_session_digest_key UNIQUE CHECK (octet_length(digest) = 32),
    created_at timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    -- whatever its use
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    address text NOT NULL,
    user_agent text NOT NULL
);
CREATE INDEX IF NOT EXISTS person_session_person ON person_session (person_id, id);
CREATE INDEX IF NOT EXISTS person_session_expires_at ON person_session (expires_at);
CREATE TABLE IF NOT EXISTS invitation (
    id uuid PRIMARY KEY,
    digest bytea NOT NULL CONSTRAINT invitation_digest_key UNIQUE CHECK (octet_length(digest) = 32),
    role text NOT NULL CHECK (role IN ('viewer', 'editor', 'owner')),
    company_id uuid REFERENCES company (id) ON DELETE CASCADE,
    -- NULL: anybody's
    email text,
    -- one that is open ends with its time
    status text NOT NULL CHECK (status IN ('open', 'accepted', 'revoked')),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS invitation_company ON invitation (company_id, id);
CREATE INDEX IF NOT EXISTS invitation_expires_at ON invitation (expires_at);
-- also the responses to what people create, each under the id of the session
ALTER TABLE idempotency DROP CONSTRAINT IF EXISTS idempotency_admin_token_id_fkey;
"""


def upgrade() -> None:
    execute_script(TABLES)
