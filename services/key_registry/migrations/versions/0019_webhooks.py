"""Webhooks, and for each event the deliveries to those that want it."""

from shared.postgres.migrations import execute_script

revision = "0019"
down_revision = "0018"

TABLES = """
CREATE TABLE IF NOT EXISTS webhook (
    id uuid PRIMARY KEY,
    -- NULL: the operator's own
    company_id uuid REFERENCES company (id) ON DELETE CASCADE,
    name text NOT NULL,
    url text NOT NULL,
    -- empty: all
    types text[] NOT NULL,
    enabled boolean NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    sealed_secret bytea NOT NULL,
    previous_sealed_secret bytea,
    previous_secret_until timestamptz,
    -- attempts that failed, one after the other
    failures integer NOT NULL DEFAULT 0,
    failing_since timestamptz,
    paused_until timestamptz,
    last_attempt_at timestamptz,
    last_delivered_at timestamptz,
    -- the process that delivers to it, until when
    lease uuid,
    leased_until timestamptz
);
CREATE INDEX IF NOT EXISTS webhook_company ON webhook (company_id);
CREATE TABLE IF NOT EXISTS webhook_delivery (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    webhook_id uuid NOT NULL REFERENCES webhook (id) ON DELETE CASCADE,
    event_number bigint NOT NULL REFERENCES event (number) ON DELETE CASCADE,
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'dead')),
    created_at timestamptz NOT NULL,
    next_attempt_at timestamptz,
    give_up_at timestamptz,
    finished_at timestamptz,
    tries integer NOT NULL DEFAULT 0,
    attempts jsonb NOT NULL DEFAULT '[]',
    CHECK ((state = 'pending') = (next_attempt_at IS NOT NULL))
);
CREATE INDEX IF NOT EXISTS webhook_delivery_due ON webhook_delivery (webhook_id, next_attempt_at, id)
    WHERE state = 'pending';
CREATE INDEX IF NOT EXISTS webhook_delivery_webhook ON webhook_delivery (webhook_id, id);
CREATE INDEX IF NOT EXISTS webhook_delivery_event ON webhook_delivery (event_number);
"""


def upgrade() -> None:
    execute_script(TABLES)
