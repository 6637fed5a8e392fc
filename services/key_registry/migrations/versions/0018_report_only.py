"""Calls that would have been refused, counted by day, company, cause and what is report-only."""

from shared.postgres.migrations import execute_script

revision = "0018"
down_revision = "0017"

TABLES = """
CREATE TABLE report_only_count (
    number bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    day date NOT NULL,
    -- Empty: a stranger's calls, or not known whose.
    company_id text NOT NULL,
    cause text NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    count bigint NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    last_request_id text NOT NULL,
    UNIQUE (day, company_id, cause, kind, name)
);
CREATE INDEX report_only_count_company ON report_only_count (company_id, number);
-- Batches that were counted: one that is sent again is not counted twice.
CREATE TABLE report_only_batch (
    id uuid PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX report_only_batch_at ON report_only_batch (at);
"""


def upgrade() -> None:
    execute_script(TABLES)
