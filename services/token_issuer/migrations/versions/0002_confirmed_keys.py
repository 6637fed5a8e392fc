"""A signing key signs once every gateway has it, and no longer by the time alone."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    # 'infinity' until the key signs, so that code of the revision before publishes it and no more.
    op.execute(
        """
        ALTER TABLE signing_key
            ADD COLUMN IF NOT EXISTS confirmed_at timestamptz,
            ADD COLUMN IF NOT EXISTS retiring_at timestamptz
        """
    )
    op.execute("UPDATE signing_key SET activates_at = 'infinity' WHERE activates_at > now()")
    op.execute(
        """
        UPDATE signing_key SET retiring_at = following.activates_at
        FROM (
            SELECT kid, lead(activates_at) OVER (ORDER BY activates_at, kid) AS activates_at
            FROM signing_key WHERE revoked_at IS NULL AND activates_at <= now()
        ) AS following
        WHERE signing_key.kid = following.kid AND following.activates_at IS NOT NULL
            AND signing_key.retiring_at IS NULL
        """
    )


def downgrade() -> None:
    op.execute("ALTER TABLE signing_key DROP COLUMN confirmed_at, DROP COLUMN retiring_at")
