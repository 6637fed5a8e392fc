"""Whose a change is, who follows the changes and how far, and a number for each revocation."""

from shared.postgres.migrations import execute_script

revision = "0002"
down_revision = "0001"

CHANGES = """
ALTER TABLE change ADD COLUMN company_id text;
CREATE INDEX change_id ON change (id, seq);
CREATE INDEX booking_company_id ON booking (company_id);
"""

CONSUMERS = """
CREATE TABLE consumer (
    instance text PRIMARY KEY,
    service text NOT NULL,
    position bigint NOT NULL,
    joined_at double precision NOT NULL,
    reported_at double precision NOT NULL
);

-- When each consumer first told of a position: the milliseconds of a receipt.
CREATE TABLE report (
    instance text NOT NULL REFERENCES consumer ON DELETE CASCADE,
    position bigint NOT NULL,
    at double precision NOT NULL,
    PRIMARY KEY (instance, position)
);
CREATE INDEX report_at ON report (at);
"""

REVOCATIONS = """
-- The order in which they are listed.
ALTER TABLE revocation ADD COLUMN number bigint GENERATED ALWAYS AS IDENTITY;
CREATE UNIQUE INDEX revocation_number ON revocation (number);
"""


def upgrade() -> None:
    for script in (CHANGES, CONSUMERS, REVOCATIONS):
        execute_script(script)
