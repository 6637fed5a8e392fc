"""A line of the audit trail may lose its detail, and nothing else."""

from shared.postgres.migrations import execute_script

revision = "0016"
down_revision = "0015"

ERASURE = """
-- The digest of a detail that was erased; empty where the line's hash is over the detail itself, as in 0.1.0.
ALTER TABLE audit_line ADD COLUMN erased_detail bytea;

CREATE OR REPLACE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    erased text[] := ARRAY['detail', 'event_id', 'erased_detail'];
BEGIN
    IF TG_OP = 'UPDATE' AND TG_WHEN = 'BEFORE' THEN
        IF OLD.erased_detail IS NULL AND octet_length(NEW.erased_detail) IN (0, 32) AND NEW.event_id IS NULL
            AND NEW.detail::text = '{}' AND to_jsonb(NEW) - erased = to_jsonb(OLD) - erased
        THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'the audit trail is append-only';
END
$$;
"""


def upgrade() -> None:
    execute_script(ERASURE)
