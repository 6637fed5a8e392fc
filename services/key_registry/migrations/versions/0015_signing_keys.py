"""Which gateways have which signing keys, and what the token issuer last reported of these."""

from shared.postgres.migrations import execute_script

revision = "0015"
down_revision = "0014"

SIGNING_KEYS = """
-- NULL: not reported, as by a gateway of the revision before.
ALTER TABLE consumer ADD COLUMN IF NOT EXISTS signing_keys text[];
CREATE TABLE IF NOT EXISTS signing_key_report (
    the_only_one boolean PRIMARY KEY DEFAULT true CHECK (the_only_one),
    read_at double precision NOT NULL,
    report jsonb NOT NULL
);
"""


def upgrade() -> None:
    execute_script(SIGNING_KEYS)
