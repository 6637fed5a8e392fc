"""Limits on companies, bookings and credentials; a change names those that it sets."""

from shared.postgres.migrations import execute_script

revision = "0020"
down_revision = "0019"

TABLES = ("company", "booking", "api_token", "access_key", "api_client", "key_pair", "change")
OF_TABLE = "ALTER TABLE {table} ADD COLUMN IF NOT EXISTS limits jsonb;"
LIMITED = """
CREATE INDEX IF NOT EXISTS {table}_limited ON {table} (id) WHERE limits IS NOT NULL AND status <> 'revoked';
"""


def upgrade() -> None:
    for table in TABLES:
        execute_script(OF_TABLE.replace("{table}", table))
        if table != "change":
            execute_script(LIMITED.replace("{table}", table))
