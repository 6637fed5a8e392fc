"""Scopes of an application for which nobody is refused yet."""

from shared.postgres.migrations import execute_script

revision = "0026"
down_revision = "0025"

COLUMN = "ALTER TABLE application ADD COLUMN report_only_scopes text[] NOT NULL DEFAULT '{}'"


def upgrade() -> None:
    execute_script(COLUMN)
