"""Signing keys, encrypted, and the ids of assertions that were used."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE signing_key (
            kid text PRIMARY KEY CHECK (kid ~ '^[A-Za-z0-9_-]{1,64}$'),
            algorithm text NOT NULL,
            public_jwk jsonb NOT NULL CHECK (NOT public_jwk ?| ARRAY['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']),
            sealed bytea NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            activates_at timestamptz NOT NULL,
            revoked_at timestamptz
        )
        """
    )
    op.execute(
        """
        CREATE TABLE used_jti (
            kid text NOT NULL,
            jti_digest bytea NOT NULL CHECK (octet_length(jti_digest) = 32),
            expires_at timestamptz NOT NULL,
            PRIMARY KEY (kid, jti_digest)
        )
        """
    )
    op.execute("CREATE INDEX used_jti_expires_at ON used_jti (expires_at)")


def downgrade() -> None:
    op.execute("DROP TABLE used_jti, signing_key")
