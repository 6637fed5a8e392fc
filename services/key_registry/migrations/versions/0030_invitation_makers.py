"""Who created an invitation: it ends with whoever did."""

from shared.postgres.migrations import execute_script

revision = "0030"
down_revision = "0029"

COLUMNS = """
-- a person or an admin token; NULL where neither did, and for those of before
ALTER TABLE invitation ADD COLUMN IF NOT EXISTS created_by uuid;
"""


def upgrade() -> None:
    execute_script(COLUMNS)
