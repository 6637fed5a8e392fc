"""Where the months of the audit trail are that have left for a file."""

from shared.postgres.migrations import execute_script

revision = "0011"
down_revision = "0010"

FILES = """
ALTER TABLE audit_month
    -- written when the file is: its name, the SHA-256 of its bytes, and which lines it holds
    ADD COLUMN last_seq bigint,
    ADD COLUMN last_hash bytea CHECK (octet_length(last_hash) = 32),
    ADD COLUMN file text,
    ADD COLUMN file_sha256 bytea CHECK (octet_length(file_sha256) = 32),
    ADD COLUMN exported_at timestamptz,
    -- since when the file alone has them
    ADD COLUMN dropped_at timestamptz,
    ADD CHECK (dropped_at IS NULL OR (file IS NOT NULL AND last_seq IS NOT NULL));
"""


def upgrade() -> None:
    execute_script(FILES)
