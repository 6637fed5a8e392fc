"""Signed checkpoints of the audit trail, and a name for its history."""

from shared.postgres.migrations import execute_script

revision = "0008"
down_revision = "0007"

CHECKPOINTS = """
CREATE TABLE audit_checkpoint (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    jws text NOT NULL
);
-- One row, written when the first checkpoint is signed.
CREATE TABLE audit_history (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    epoch uuid NOT NULL,
    since timestamptz NOT NULL
);
"""


def upgrade() -> None:
    execute_script(CHECKPOINTS)
