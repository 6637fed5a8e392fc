"""Lines are added to the end of the audit trail in one step, where who adds them knows the end."""

from shared.postgres.migrations import execute_script

revision = "0040"
down_revision = "0039"

APPEND = """
-- Whether the lines were added; false, and nothing is written, unless the trail ends at known_seq with known_hash
-- and has none of the events, and the change feed has known_mark at known_change (0: that is not asked). The end is
-- looked for from the month `since` on, events from the month `begun` on. It is a function since each statement of
-- one sees what was committed before the lock was there; a statement by itself sees what was before it began.
CREATE FUNCTION audit_append(
    writer_lock bigint, known_change bigint, known_mark text, since date, begun date,
    known_seq bigint, known_hash bytea,
    ats timestamptz[], actions text[], actors text[], subject_kinds text[], subjects text[], company_ids text[],
    request_ids text[], details text[], hashes bytea[], event_ids uuid[]
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    newest record;
    written_in date;
BEGIN
    PERFORM pg_advisory_xact_lock(writer_lock);
    IF known_change > 0 AND known_mark IS DISTINCT FROM (SELECT mark FROM change WHERE seq = known_change) THEN
        RETURN false;
    END IF;
    SELECT seq, hash INTO newest FROM audit_line WHERE month >= since ORDER BY seq DESC LIMIT 1;
    IF newest.seq IS DISTINCT FROM known_seq OR newest.hash IS DISTINCT FROM known_hash THEN
        RETURN false;
    END IF;
    -- Counted: for EXISTS, a month whose size is not known yet would be read through.
    IF (SELECT count(event_id) FROM audit_line WHERE event_id = ANY(event_ids) AND month >= begun) > 0 THEN
        RETURN false;
    END IF;
    SELECT month INTO written_in FROM audit_month
    WHERE first_seq IS NOT NULL OR month <= audit_current_month() ORDER BY month DESC LIMIT 1;
    UPDATE audit_month SET first_seq = known_seq + 1, previous_hash = known_hash
    WHERE month = written_in AND first_seq IS NULL;
    INSERT INTO audit_line (
        seq, at, action, actor, subject_kind, subject, company_id, request_id, detail, hash, event_id, month
    )
    SELECT known_seq + number, at, action, actor, subject_kind, subject, company_id, request_id, detail::json, hash,
        event_id, written_in
    FROM unnest(
        ats, actions, actors, subject_kinds, subjects, company_ids, request_ids, details, hashes, event_ids
    ) WITH ORDINALITY
    AS line (at, action, actor, subject_kind, subject, company_id, request_id, detail, hash, event_id, number);
    RETURN true;
END
$$;
"""


def upgrade() -> None:
    execute_script(APPEND)
