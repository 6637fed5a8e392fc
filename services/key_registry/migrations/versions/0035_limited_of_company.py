"""What of one company has limits of its own is found by an index."""

from shared.postgres.migrations import execute_script

revision = "0035"
down_revision = "0034"

LIMITED = """
CREATE INDEX IF NOT EXISTS {table}_company_limited ON {table} (company_id, id)
    WHERE limits IS NOT NULL AND status <> 'revoked';
"""


def upgrade() -> None:
    for table in ("booking", "api_token", "access_key", "api_client", "key_pair"):
        execute_script(LIMITED.replace("{table}", table))
