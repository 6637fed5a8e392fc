"""What refused calls met: two rings of eight partitions."""

from shared.postgres.migrations import execute_script

revision = "0013"
down_revision = "0012"

RINGS, SEGMENTS = 2, 8
TABLES = """
CREATE TABLE IF NOT EXISTS refusal_trace (
    segment smallint NOT NULL,
    number bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    request_id text NOT NULL,
    company_id text,
    cause text NOT NULL,
    credential text NOT NULL,
    at timestamptz NOT NULL,
    document json NOT NULL,
    PRIMARY KEY (number, segment)
) PARTITION BY LIST (segment);
CREATE INDEX IF NOT EXISTS refusal_trace_request ON refusal_trace (request_id);
CREATE INDEX IF NOT EXISTS refusal_trace_company ON refusal_trace (company_id, number) WHERE company_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS refusal_trace_cause ON refusal_trace (cause, number);
-- Which segment of each ring is written to, and since when; a ring that was not written to yet has none.
CREATE TABLE IF NOT EXISTS refusal_trace_ring (
    ring smallint PRIMARY KEY,
    segment smallint NOT NULL,
    begun_at timestamptz NOT NULL
);
"""
PARTITION = "CREATE TABLE IF NOT EXISTS refusal_trace_{n} PARTITION OF refusal_trace FOR VALUES IN ({n});\n"


def upgrade() -> None:
    execute_script(TABLES + "".join(PARTITION.format(n=n) for n in range(RINGS * SEGMENTS)))
