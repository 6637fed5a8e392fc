"""Events, and for each credential that expires which notice of that is next."""

from shared.postgres.migrations import execute_script

revision = "0017"
down_revision = "0016"

TABLES = """
CREATE TABLE IF NOT EXISTS event (
    -- In the order of commits: whoever writes one holds the writer's lock.
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id uuid NOT NULL UNIQUE,
    type text NOT NULL,
    at timestamptz NOT NULL,
    company_id text,
    request_id text NOT NULL,
    data jsonb NOT NULL,
    -- The name of what is to be reported once.
    once text UNIQUE
);
CREATE INDEX IF NOT EXISTS event_company ON event (company_id, number) WHERE company_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS event_type ON event (type, number);
CREATE INDEX IF NOT EXISTS event_at ON event (at);
CREATE TABLE IF NOT EXISTS expiry_notice (
    credential_id uuid PRIMARY KEY,
    kind text NOT NULL,
    expires_at timestamptz NOT NULL,
    days smallint NOT NULL,
    due_at timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS expiry_notice_due_at ON expiry_notice (due_at);
"""


def upgrade() -> None:
    execute_script(TABLES)
