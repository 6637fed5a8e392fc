"""Key pairs say what they are for, as API clients do, and are found by it."""

from shared.postgres.migrations import execute_script

revision = "0039"
down_revision = "0038"

PUNCTUATION = '!"#$%&()*+,-./:;<=>?@[]^_`{|}~'
COLUMN = """
-- Empty of what is there already, and of what code of the revision before creates.
ALTER TABLE key_pair ADD COLUMN IF NOT EXISTS comment text NOT NULL DEFAULT '' CHECK (char_length(comment) <= 1000);
"""


def upgrade() -> None:
    execute_script(COLUMN)
    vector = f"to_tsvector('simple', translate(kid || ' ' || comment, '{PUNCTUATION}', '{' ' * len(PUNCTUATION)}'))"
    execute_script(
        f"DROP INDEX IF EXISTS key_pair_search; CREATE INDEX key_pair_search ON key_pair USING gin ({vector});"
    )
