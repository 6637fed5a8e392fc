"""For how long each consumer may go on without the registry: until then no receipt forgets it."""

from shared.postgres.migrations import execute_script

revision = "0006"
down_revision = "0005"

CONSUMERS = """
-- 0, also from code of the revision before: no longer than any consumer is waited for.
ALTER TABLE consumer ADD COLUMN IF NOT EXISTS staleness_bound double precision NOT NULL DEFAULT 0;
"""


def upgrade() -> None:
    execute_script(CONSUMERS)
