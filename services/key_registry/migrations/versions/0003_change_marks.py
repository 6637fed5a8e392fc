"""Each change has a mark of its own, so that positions of two histories differ; reports name the mark."""

from shared.postgres.migrations import execute_script

revision = "0003"
down_revision = "0002"

CHANGES = """
-- The default is evaluated for each row, also for those that exist, and for those that older code inserts.
ALTER TABLE change ADD COLUMN mark text NOT NULL DEFAULT gen_random_uuid()::text;
"""

REPORTS = """
-- '' is the mark of no change: what was reported without one counts for no receipt.
ALTER TABLE consumer ADD COLUMN mark text NOT NULL DEFAULT '';
ALTER TABLE report ADD COLUMN mark text NOT NULL DEFAULT '';
ALTER TABLE report DROP CONSTRAINT report_pkey;
ALTER TABLE report ADD PRIMARY KEY (instance, position, mark);
"""


def upgrade() -> None:
    for script in (CHANGES, REPORTS):
        execute_script(script)
