"""Which subject of an OpenID provider a person is."""

from shared.postgres.migrations import execute_script

revision = "0034"
down_revision = "0033"

TABLES = """
CREATE TABLE IF NOT EXISTS person_identity (
    person_id uuid NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    issuer text NOT NULL,
    subject text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (person_id, issuer)
);
"""


def upgrade() -> None:
    execute_script(TABLES)
