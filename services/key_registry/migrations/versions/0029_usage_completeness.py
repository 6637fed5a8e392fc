"""How far each process has counted the use of credentials, and when it lost some of that."""

from shared.postgres.migrations import execute_script

revision = "0029"
down_revision = "0028"

COLUMNS = """
-- All calls before are added; null: not known, from code of the revision before.
ALTER TABLE usage_source ADD COLUMN IF NOT EXISTS counted_until timestamptz;
ALTER TABLE usage_source ADD COLUMN IF NOT EXISTS lost_at timestamptz;
ALTER TABLE usage_source ADD COLUMN IF NOT EXISTS ended boolean NOT NULL DEFAULT false;
-- No reference: a process may report its position before its first batch. Null: from code of the revision before.
ALTER TABLE consumer ADD COLUMN IF NOT EXISTS usage_source uuid;
"""


def upgrade() -> None:
    execute_script(COLUMNS)
