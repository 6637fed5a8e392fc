"""A subject of an OpenID provider is one person; sign-ins that wait for a code are kept by whoever signs in."""

from shared.postgres.migrations import execute_script

revision = "0037"
down_revision = "0036"

CHANGES = """
-- nobody signs in as a person who is revoked
DELETE FROM person_identity WHERE person_id IN (SELECT id FROM person WHERE status = 'revoked');
-- of several with one subject the first one keeps it
DELETE FROM person_identity AS later USING person_identity AS first
WHERE later.issuer = first.issuer AND later.subject = first.subject
    AND (first.created_at, first.person_id) < (later.created_at, later.person_id);
CREATE UNIQUE INDEX IF NOT EXISTS person_identity_subject ON person_identity (issuer, subject);
DROP TABLE IF EXISTS pending_sign_in;
"""


def upgrade() -> None:
    execute_script(CHANGES)
