"""Every kind of credential may end by itself, and whoever follows the changes is informed when one has."""

from shared.postgres.migrations import execute_script

revision = "0012"
down_revision = "0011"

TABLES = ("api_token", "access_key", "api_client", "key_pair", "admin_token")
OF_TABLE = """
ALTER TABLE {table} ADD COLUMN IF NOT EXISTS expires_at timestamptz;
-- The expires_at of which all were informed, once it had passed.
ALTER TABLE {table} ADD COLUMN IF NOT EXISTS expiry_announced timestamptz;
UPDATE {table} SET expiry_announced = expires_at WHERE expires_at <= now();
CREATE INDEX IF NOT EXISTS {table}_expires_at ON {table} (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS {table}_expiry_unannounced ON {table} (expires_at)
    WHERE expires_at IS NOT NULL AND status <> 'revoked' AND expiry_announced IS DISTINCT FROM expires_at;
"""


def upgrade() -> None:
    for table in TABLES:
        execute_script(OF_TABLE.replace("{table}", table))
