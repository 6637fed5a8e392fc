"""The audit trail in a partition for each month, with narrow indexes.

What there is becomes the first partition as it is: neither moved nor read, however large. It is the default one,
for that needs no look at its rows, with a constraint that is not validated yet; the registry validates it later,
without keeping anybody waiting (`storage.postgres.audit_trail.months`).
"""

from shared.postgres.migrations import execute_script

revision = "0009"
down_revision = "0008"

MONTHS = """
-- A partition for each row. The lines of a month are those that were written in it, whatever time they tell of, so
-- that a month is one piece of the chain.
CREATE TABLE audit_month (
    month date PRIMARY KEY CHECK (extract(day FROM month) = 1),
    -- false: the table of before, with an index for each order
    compact boolean NOT NULL DEFAULT true,
    -- written with its first line: its number, and the hash of the line before
    first_seq bigint,
    previous_hash bytea CHECK (octet_length(previous_hash) = 32)
);

CREATE FUNCTION audit_current_month() RETURNS date LANGUAGE sql STABLE AS $$
    SELECT date_trunc('month', now() AT TIME ZONE 'UTC')::date
$$;
"""

LINES = """
ALTER TABLE audit RENAME TO audit_line_before;
ALTER TABLE audit_line_before ALTER COLUMN previous_hash DROP NOT NULL;
DO $$
BEGIN
    EXECUTE format(
        'ALTER TABLE audit_line_before ADD COLUMN month date NOT NULL DEFAULT %L,'
        ' ADD CONSTRAINT audit_line_before_month CHECK (month = %L) NOT VALID',
        audit_current_month(), audit_current_month()
    );
END
$$;

CREATE TABLE audit_line (
    seq bigint NOT NULL,
    at timestamptz NOT NULL,
    action text NOT NULL,
    actor text NOT NULL,
    subject_kind text NOT NULL,
    subject text NOT NULL,
    company_id text,
    request_id text NOT NULL,
    -- json, not jsonb: the hash is over the very numbers that were written, and jsonb rewrites some
    detail json NOT NULL,
    -- NULL: that of the line before, where it is
    previous_hash bytea CONSTRAINT audit_previous_hash_check CHECK (octet_length(previous_hash) = 32),
    hash bytea NOT NULL CONSTRAINT audit_hash_check CHECK (octet_length(hash) = 32),
    event_id uuid,
    month date NOT NULL
) PARTITION BY RANGE (month);
"""

CREATE_MONTH = """
-- The partition of a month, unless it is there. Its indexes by what lines tell of have four bytes for the text, and
-- four for a block of 4,096 lines: equal ones are stored once a page, and a block is sorted when it is read.
CREATE FUNCTION audit_create_month(wanted date) RETURNS void LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    part text := 'audit_line_' || to_char(wanted, 'YYYY_MM');
    member text;
BEGIN
    IF EXISTS (SELECT FROM audit_month WHERE month = wanted) THEN
        RETURN;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE audit_line INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', part);
    EXECUTE format('CREATE UNIQUE INDEX %I ON %I (seq)', part || '_seq', part);
    EXECUTE format(
        'CREATE UNIQUE INDEX %I ON %I (event_id) WHERE event_id IS NOT NULL', part || '_event_id', part
    );
    EXECUTE format('CREATE INDEX %I ON %I USING brin (at)', part || '_at', part);
    FOREACH member IN ARRAY ARRAY['action', 'actor', 'subject', 'company_id', 'request_id'] LOOP
        EXECUTE format(
            'CREATE INDEX %I ON %I (((hashtextextended(%I, 0) >> 32)::int), ((seq >> 12)::int))%s',
            part || '_' || member, part, member,
            CASE member WHEN 'company_id' THEN ' WHERE company_id IS NOT NULL' ELSE '' END
        );
    END LOOP;
    EXECUTE format(
        'CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE ON %I'
        ' FOR EACH ROW EXECUTE FUNCTION audit_is_append_only()', part
    );
    EXECUTE format(
        'CREATE TRIGGER audit_is_never_truncated BEFORE TRUNCATE ON %I'
        ' FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()', part
    );
    EXECUTE format(
        'ALTER TABLE audit_line ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
        part, wanted, (wanted + interval '1 month')::date
    );
    INSERT INTO audit_month (month) VALUES (wanted);
END
$$;
"""

FIRST = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM audit_line_before) THEN
        ALTER TABLE audit_line ATTACH PARTITION audit_line_before DEFAULT;
        INSERT INTO audit_month (month, compact, first_seq, previous_hash)
        SELECT audit_current_month(), false, min(seq), decode(repeat('00', 32), 'hex') FROM audit_line_before;
    ELSE
        DROP TABLE audit_line_before;
        PERFORM audit_create_month(audit_current_month());
    END IF;
END
$$;
"""

FACE = """
-- Every line with all its members, for people and for code of the revision before, which also writes by it.
CREATE VIEW audit AS
SELECT seq, at, action, actor, subject_kind, subject, company_id, request_id, detail,
    coalesce(
        previous_hash,
        (SELECT before.hash FROM audit_line before WHERE before.seq = line.seq - 1),
        (SELECT previous_hash FROM audit_month WHERE first_seq = line.seq)
    ) AS previous_hash,
    hash, event_id
FROM audit_line line;

CREATE FUNCTION audit_write_line() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    written_in date;
BEGIN
    SELECT month INTO written_in FROM audit_month
    WHERE first_seq IS NOT NULL OR month <= audit_current_month() ORDER BY month DESC LIMIT 1;
    UPDATE audit_month SET first_seq = NEW.seq, previous_hash = NEW.previous_hash
    WHERE month = written_in AND first_seq IS NULL;
    INSERT INTO audit_line VALUES (
        NEW.seq, NEW.at, NEW.action, NEW.actor, NEW.subject_kind, NEW.subject, NEW.company_id, NEW.request_id,
        NEW.detail, NULL, NEW.hash, NEW.event_id, written_in
    );
    RETURN NEW;
END
$$;
CREATE TRIGGER audit_write_line INSTEAD OF INSERT ON audit FOR EACH ROW EXECUTE FUNCTION audit_write_line();
CREATE TRIGGER audit_is_append_only INSTEAD OF UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();
"""


def upgrade() -> None:
    for script in (MONTHS, LINES, CREATE_MONTH, FIRST, FACE):
        execute_script(script)
