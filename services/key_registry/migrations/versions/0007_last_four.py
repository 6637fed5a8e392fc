"""The last four characters of a secret, by which a person finds its credential again."""

from shared.postgres.migrations import execute_script

revision = "0007"
down_revision = "0006"

TABLES = ("api_token", "access_key", "api_client", "admin_token")
COLUMN = """
-- NULL of what is there already, and of what code of the revision before creates: the secret is not kept.
ALTER TABLE {table} ADD COLUMN IF NOT EXISTS last_four text CHECK (last_four ~ '^[0-9A-Za-z]{{4}}$');
"""

PUNCTUATION = '!"#$%&()*+,-./:;<=>?@[]^_`{|}~'
SEARCHED = {
    "api_token": "remote_application || ' ' || coalesce(last_four, '')",
    "access_key": "name || ' ' || coalesce(last_four, '')",
    "api_client": "comment || ' ' || key || ' ' || coalesce(last_four, '')",
    "admin_token": "name || ' ' || coalesce(last_four, '')",
}


def upgrade() -> None:
    for table in TABLES:
        execute_script(COLUMN.format(table=table))
    blanks = " " * len(PUNCTUATION)
    for table, text in SEARCHED.items():
        vector = f"to_tsvector('simple', translate({text}, '{PUNCTUATION}', '{blanks}'))"
        execute_script(
            f"DROP INDEX IF EXISTS {table}_search; CREATE INDEX {table}_search ON {table} USING gin ({vector});"
        )
