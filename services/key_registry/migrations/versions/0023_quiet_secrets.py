"""A secret, and a key pair that another succeeds, may end once nobody has used it for a time."""

from shared.postgres.migrations import execute_script

revision = "0023"
down_revision = "0022"

COLUMNS = """
-- Seconds without a use; null: it ends at retires_at and not before.
ALTER TABLE credential_version ADD COLUMN IF NOT EXISTS quiet_for integer CHECK (quiet_for > 0);
ALTER TABLE key_pair ADD COLUMN IF NOT EXISTS quiet_for integer CHECK (quiet_for > 0);
CREATE INDEX IF NOT EXISTS credential_version_quiet ON credential_version (retires_at) WHERE quiet_for IS NOT NULL;
CREATE INDEX IF NOT EXISTS key_pair_quiet ON key_pair (retires_at) WHERE quiet_for IS NOT NULL;
"""


def upgrade() -> None:
    execute_script(COLUMNS)
