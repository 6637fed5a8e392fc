"""Objects whose suspension or revocation is tried: their calls go on, and are counted."""

from shared.postgres.migrations import execute_script

revision = "0021"
down_revision = "0020"

TABLE = """
CREATE TABLE trial_stop (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    company_id uuid,
    status text NOT NULL,
    until timestamptz NOT NULL
);
"""


def upgrade() -> None:
    execute_script(TABLE)
