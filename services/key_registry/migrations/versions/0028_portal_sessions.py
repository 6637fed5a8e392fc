"""Sessions that a vendor's own backend opens for a partner, by a link that works once."""

from shared.postgres.migrations import execute_script

revision = "0028"
down_revision = "0027"

TABLES = """
CREATE TABLE IF NOT EXISTS portal_session (
    id uuid PRIMARY KEY,
    company_id uuid NOT NULL REFERENCES company (id) ON DELETE CASCADE,
    role text NOT NULL CHECK (role IN ('viewer', 'editor', 'owner')),
    -- what the vendor calls whoever it is for
    name text NOT NULL,
    link_digest bytea NOT NULL CONSTRAINT portal_session_link_digest_key UNIQUE
        CHECK (octet_length(link_digest) = 32),
    -- NULL until the link is followed, as opened_at and last_used_at
    session_digest bytea CONSTRAINT portal_session_session_digest_key UNIQUE
        CHECK (octet_length(session_digest) = 32),
    created_at timestamptz NOT NULL,
    opened_at timestamptz,
    last_used_at timestamptz,
    -- of the link until it is followed, then of the session
    expires_at timestamptz NOT NULL,
    session_life_s integer NOT NULL CHECK (session_life_s > 0),
    ended_at timestamptz,
    address text NOT NULL,
    user_agent text NOT NULL,
    CHECK ((session_digest IS NULL) = (opened_at IS NULL) AND (opened_at IS NULL) = (last_used_at IS NULL))
);
CREATE INDEX IF NOT EXISTS portal_session_company ON portal_session (company_id, id);
CREATE INDEX IF NOT EXISTS portal_session_expires_at ON portal_session (expires_at);
"""


def upgrade() -> None:
    execute_script(TABLES)
