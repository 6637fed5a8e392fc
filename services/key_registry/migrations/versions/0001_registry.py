"""Objects, credentials, the change feed, the audit trail.

Ids are UUIDv7, so the order of ids is the order of making. Of a secret there is its SHA-256 alone.
"""

from shared.postgres.migrations import execute_script

revision = "0001"
down_revision = None

OBJECTS = """
CREATE TABLE company (
    id uuid PRIMARY KEY,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    client_prefix text NOT NULL CHECK (client_prefix ~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$'),
    company_uri text NOT NULL CHECK (company_uri ~ '^[!-~]{1,255}$'),
    status text NOT NULL CHECK (status IN ('active', 'suspended', 'revoked')),
    status_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT company_client_prefix_key UNIQUE (client_prefix),
    CONSTRAINT company_company_uri_key UNIQUE (company_uri)
);

CREATE TABLE application (
    id uuid PRIMARY KEY,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    application_prefix text NOT NULL CHECK (application_prefix ~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$'),
    scopes text[] NOT NULL,
    status text NOT NULL CHECK (status IN ('active', 'suspended', 'revoked')),
    status_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT application_application_prefix_key UNIQUE (application_prefix)
);

CREATE TABLE booking (
    id uuid PRIMARY KEY,
    company_id uuid NOT NULL REFERENCES company ON DELETE RESTRICT,
    application_id uuid NOT NULL REFERENCES application ON DELETE RESTRICT,
    status text NOT NULL CHECK (status IN ('active', 'suspended', 'revoked')),
    status_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    -- what an API token refers to, so that its company and application are those of its booking
    UNIQUE (id, company_id, application_id)
);
-- A revoked booking is final, so beside it there may be a new one.
CREATE UNIQUE INDEX booking_company_id_application_id_key ON booking (company_id, application_id)
    WHERE status <> 'revoked';
CREATE INDEX booking_application_id ON booking (application_id);
"""

CREDENTIALS = """
CREATE TABLE api_token (
    id uuid PRIMARY KEY,
    company_id uuid NOT NULL,
    application_id uuid NOT NULL,
    booking_id uuid NOT NULL,
    remote_application text NOT NULL CHECK (char_length(remote_application) BETWEEN 1 AND 200),
    expires_at timestamptz,
    digest bytea NOT NULL UNIQUE CHECK (octet_length(digest) = 32),
    status text NOT NULL CHECK (status IN ('active', 'suspended', 'revoked')),
    status_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    FOREIGN KEY (booking_id, company_id, application_id)
        REFERENCES booking (id, company_id, application_id) ON DELETE RESTRICT
);
CREATE INDEX api_token_booking_id ON api_token (booking_id);
CREATE INDEX api_token_company_id ON api_token (company_id, id);
CREATE INDEX api_token_stopped ON api_token (status_at) WHERE status <> 'active';

CREATE TABLE access_key (
    id uuid PRIMARY KEY,
    company_id uuid NOT NULL REFERENCES company ON DELETE RESTRICT,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    default_ttl integer NOT NULL,
    max_ttl integer NOT NULL,
    digest bytea NOT NULL UNIQUE CHECK (octet_length(digest) = 32),
    status text NOT NULL CHECK (status IN ('active', 'suspended', 'revoked')),
    status_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK (1 <= default_ttl AND default_ttl <= max_ttl AND max_ttl <= 2592000)
);
CREATE INDEX access_key_company_id ON access_key (company_id, id);
CREATE INDEX access_key_stopped ON access_key (status_at) WHERE status <> 'active';

CREATE TABLE api_client (
    id uuid PRIMARY KEY,
    company_id uuid NOT NULL REFERENCES company ON DELETE RESTRICT,
    key text NOT NULL UNIQUE CHECK (key ~ '^pgck_[A-Za-z0-9]{22}$'),
    comment text NOT NULL CHECK (char_length(comment) BETWEEN 1 AND 1000),
    scopes text[] NOT NULL,
    audience text CHECK (audience ~ '^[!-~]{1,255}$'),
    digest bytea NOT NULL UNIQUE CHECK (octet_length(digest) = 32),
    status text NOT NULL CHECK (status IN ('active', 'suspended', 'revoked')),
    status_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX api_client_company_id ON api_client (company_id, id);
CREATE INDEX api_client_stopped ON api_client (status_at) WHERE status <> 'active';

CREATE TABLE key_pair (
    id uuid PRIMARY KEY,
    company_id uuid NOT NULL REFERENCES company ON DELETE RESTRICT,
    kid text NOT NULL UNIQUE CHECK (kid ~ '^kp_[A-Za-z0-9]{22}$'),
    algorithm text NOT NULL CHECK (algorithm IN ('RS256', 'RS384', 'RS512', 'ES256', 'EdDSA')),
    scopes text[] NOT NULL,
    public_key text NOT NULL CHECK (public_key LIKE '-----BEGIN PUBLIC KEY-----%'),
    public_jwk jsonb NOT NULL CHECK (NOT public_jwk ? 'd'),
    status text NOT NULL CHECK (status IN ('active', 'suspended', 'revoked')),
    status_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX key_pair_company_id ON key_pair (company_id, id);
CREATE INDEX key_pair_stopped ON key_pair (status_at) WHERE status <> 'active';

CREATE TABLE admin_token (
    id uuid PRIMARY KEY,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    role text NOT NULL CHECK (role IN ('owner', 'editor', 'viewer')),
    company_id uuid REFERENCES company ON DELETE RESTRICT,
    digest bytea NOT NULL CONSTRAINT admin_token_digest_key UNIQUE CHECK (octet_length(digest) = 32),
    status text NOT NULL CHECK (status IN ('active', 'suspended', 'revoked')),
    status_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX admin_token_company_id ON admin_token (company_id, id);

CREATE TABLE idempotency (
    admin_token_id uuid NOT NULL REFERENCES admin_token ON DELETE RESTRICT,
    key_digest bytea NOT NULL CHECK (octet_length(key_digest) = 32),
    request_digest bytea NOT NULL CHECK (octet_length(request_digest) = 32),
    sealed_answer bytea NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (admin_token_id, key_digest)
);
CREATE INDEX idempotency_created_at ON idempotency (created_at);
"""

FEED = """
-- Positions have no gaps: each is the last one plus one, given under the lock that every writer holds.
CREATE TABLE change (
    seq bigint PRIMARY KEY,
    kind text NOT NULL,
    id text NOT NULL,
    status text NOT NULL CHECK (status IN ('active', 'suspended', 'revoked')),
    at double precision NOT NULL,
    until double precision
);

-- What is revoked and is not, or no longer, a row of its own: JWTs, signing keys, deleted credentials.
CREATE TABLE revocation (
    kind text NOT NULL,
    id text NOT NULL,
    until double precision NOT NULL,
    company_id text,
    reason text NOT NULL,
    at double precision NOT NULL,
    PRIMARY KEY (kind, id)
);
CREATE INDEX revocation_until ON revocation (until);
"""

AUDIT = """
CREATE TABLE audit (
    seq bigint PRIMARY KEY,
    at timestamptz NOT NULL,
    action text NOT NULL,
    actor text NOT NULL,
    subject_kind text NOT NULL,
    subject text NOT NULL,
    company_id text,
    request_id text NOT NULL,
    -- json, not jsonb: the hash is over the very numbers that were written, and jsonb rewrites some
    detail json NOT NULL,
    previous_hash bytea NOT NULL CHECK (octet_length(previous_hash) = 32),
    hash bytea NOT NULL UNIQUE CHECK (octet_length(hash) = 32)
);
CREATE INDEX audit_company_id ON audit (company_id, seq);
CREATE INDEX audit_subject ON audit (subject, seq);
CREATE INDEX audit_actor ON audit (actor, seq);
CREATE INDEX audit_action ON audit (action, seq);
CREATE INDEX audit_request_id ON audit (request_id, seq);
CREATE INDEX audit_at ON audit (at);

CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is append-only';
END
$$;
CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER audit_is_never_truncated BEFORE TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();
"""


def upgrade() -> None:
    for script in (OBJECTS, CREDENTIALS, FEED, AUDIT):
        execute_script(script)
