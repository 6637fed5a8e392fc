"""Processes that follow the changes say which release they are, for whoever updates them."""

from shared.postgres.migrations import execute_script

revision = "0038"
down_revision = "0037"


def upgrade() -> None:
    execute_script("ALTER TABLE consumer ADD COLUMN IF NOT EXISTS release text")
