"""Restores that were found: which part of the history was lost, and what was taken back of it."""

from shared.postgres.migrations import execute_script

revision = "0025"
down_revision = "0024"

RESTORES = """
CREATE TABLE IF NOT EXISTS history_restore (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at double precision NOT NULL,
    found_seq bigint NOT NULL,
    lost_seq bigint NOT NULL,
    resumed_seq bigint NOT NULL,
    found_audit_seq bigint NOT NULL,
    lost_audit_seq bigint NOT NULL,
    report jsonb NOT NULL,
    CHECK (resumed_seq > lost_seq AND lost_seq >= 0)
);
"""


def upgrade() -> None:
    execute_script(RESTORES)
