"""Calls of all credentials together, by the hour: what the first page of operators shows costs the same whatever is
called, and by how many."""

from shared.postgres.migrations import execute_script

revision = "0031"
down_revision = "0030"

TOTALS = """
CREATE TABLE IF NOT EXISTS usage_total (
    at timestamptz NOT NULL,
    outcome text NOT NULL,
    cause text NOT NULL,
    calls bigint NOT NULL,
    PRIMARY KEY (at, outcome, cause)
) WITH (fillfactor = 70);
-- Those of the last two days, which are shown; a registry of the release before adds none meanwhile.
INSERT INTO usage_total (at, outcome, cause, calls)
SELECT at, outcome, cause, sum(calls) FROM usage_hour WHERE at > now() - interval '2 days' GROUP BY 1, 2, 3
ON CONFLICT DO NOTHING;
"""


def upgrade() -> None:
    execute_script(TOTALS)
