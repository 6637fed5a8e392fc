"""A key pair may succeed another, which signs beside it for a while."""

from shared.postgres.migrations import execute_script

revision = "0014"
down_revision = "0013"

KEY_PAIR = """
ALTER TABLE key_pair ADD COLUMN IF NOT EXISTS succeeds text;
ALTER TABLE key_pair ADD COLUMN IF NOT EXISTS retires_at timestamptz;
CREATE INDEX IF NOT EXISTS key_pair_succeeds ON key_pair (succeeds) WHERE succeeds IS NOT NULL;
"""


def upgrade() -> None:
    execute_script(KEY_PAIR)
