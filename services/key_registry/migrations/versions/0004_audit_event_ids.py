"""An audit event that is sent again, because its response was lost, is written once."""

from shared.postgres.migrations import execute_script

revision = "0004"
down_revision = "0003"

AUDIT = """
-- Not part of a line's hash. NULL where there is none: from older code, or a line written with its object.
ALTER TABLE audit ADD COLUMN event_id uuid;
CREATE UNIQUE INDEX audit_event_id ON audit (event_id) WHERE event_id IS NOT NULL;
"""


def upgrade() -> None:
    execute_script(AUDIT)
