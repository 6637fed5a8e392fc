"""Every `PASSGATE_` variable that anything of the project reads, so that a misspelt one is noticed.

Written by `make docs`, which collects them from the settings of each deployable; a test holds the two together.
"""

import difflib
from collections.abc import Collection, Mapping

PREFIX = "PASSGATE_"
SETTING_NAMES: frozenset[str] = frozenset(
    {
        "PASSGATE_ADMIN_TOKEN_FILE",
        "PASSGATE_ADMIN_URL",
        "PASSGATE_APPLICATION_PREFIX",
        "PASSGATE_ASSERTION_AUDIENCES",
        "PASSGATE_AUDIENCE",
        "PASSGATE_AUDIT_ARCHIVE_DIR",
        "PASSGATE_AUDIT_CHECKPOINT_INTERVAL",
        "PASSGATE_AUDIT_KEY_FILE",
        "PASSGATE_AUDIT_MONTHS_KEPT",
        "PASSGATE_AUDIT_OUTBOX_LIMIT",
        "PASSGATE_CHANGES_POLL_INTERVAL",
        "PASSGATE_COMPILED",
        "PASSGATE_CONSOLE_PORT",
        "PASSGATE_CONSOLE_URL",
        "PASSGATE_DATABASE_PASSWORD_FILE",
        "PASSGATE_DATABASE_POOL_SIZE",
        "PASSGATE_DATABASE_URL",
        "PASSGATE_DECISION_HOST",
        "PASSGATE_DECISION_PORT",
        "PASSGATE_DOCS_URL",
        "PASSGATE_EVENTS_KEPT_DAYS",
        "PASSGATE_FIRST_SNAPSHOT_WAIT",
        "PASSGATE_GATEWAY_OPS_PORT",
        "PASSGATE_GATEWAY_OPS_URL",
        "PASSGATE_GATEWAY_PORT",
        "PASSGATE_GATEWAY_URL",
        "PASSGATE_GATEWAY_WORKERS",
        "PASSGATE_GITHUB_SECRET_SCANNING_KEYS",
        "PASSGATE_HEALTH_PORT",
        "PASSGATE_HISTORY_DIR",
        "PASSGATE_HOST",
        "PASSGATE_IDENTITY_TOKEN_ISSUER",
        "PASSGATE_IDENTITY_TOKEN_KEY_FILE",
        "PASSGATE_ISSUER",
        "PASSGATE_KEEPALIVE_TIMEOUT",
        "PASSGATE_KEY_REGISTRY_PORT",
        "PASSGATE_KEY_REGISTRY_URL",
        "PASSGATE_LOG_LEVEL",
        "PASSGATE_MASTER_KEY_FILE",
        "PASSGATE_MAX_BODIES_PER_CLIENT",
        "PASSGATE_MAX_CONNECTIONS",
        "PASSGATE_MAX_CONNECTIONS_PER_PEER",
        "PASSGATE_OPENID_CLIENT_ID",
        "PASSGATE_OPENID_CLIENT_SECRET_FILE",
        "PASSGATE_OPENID_ISSUER",
        "PASSGATE_OPENID_NAME",
        "PASSGATE_OPENID_REQUIRED_FOR",
        "PASSGATE_OPERATOR_TOKEN_IN",
        "PASSGATE_OPERATOR_VALIDATOR_PORT",
        "PASSGATE_OPERATOR_VALIDATOR_URL",
        "PASSGATE_OPS_PORT",
        "PASSGATE_PERSON_SESSION_IDLE_TIMEOUT",
        "PASSGATE_PERSON_SESSION_LIFETIME",
        "PASSGATE_PLATFORM_PORTS",
        "PASSGATE_PORT",
        "PASSGATE_POSTGRES_PORT",
        "PASSGATE_PROXY_PROTOCOL_FROM",
        "PASSGATE_PUBLISHED_ADMIN_PORT",
        "PASSGATE_PUBLISHED_PORT",
        "PASSGATE_REDIS_PASSWORD_FILE",
        "PASSGATE_REDIS_TIMEOUT",
        "PASSGATE_REDIS_URL",
        "PASSGATE_REFUSAL_TRACES_MAX_BYTES",
        "PASSGATE_REGISTRY_TIMEOUT",
        "PASSGATE_ROUTES_FILE",
        "PASSGATE_SAMPLE_RESOURCES_PORT",
        "PASSGATE_SAMPLE_RESOURCES_URL",
        "PASSGATE_SERVICE_JWKS_FILE",
        "PASSGATE_SERVICE_KEY_FILE",
        "PASSGATE_SESSION_TOKENS_PORT",
        "PASSGATE_SESSION_TOKENS_URL",
        "PASSGATE_SHUTDOWN_GRACE",
        "PASSGATE_SIGNING_ALGORITHM",
        "PASSGATE_SIGNING_KEY_BITS",
        "PASSGATE_SIGNING_KEY_EMERGENCY_WAIT",
        "PASSGATE_SIGNING_KEY_PROPAGATION",
        "PASSGATE_SIGNING_KEY_ROTATION_DAYS",
        "PASSGATE_STACK_PROCESS",
        "PASSGATE_STALENESS_BOUND",
        "PASSGATE_STORE_TIMEOUT",
        "PASSGATE_TEST_COMPOSE",
        "PASSGATE_TLS_CERTIFICATE_FILE",
        "PASSGATE_TLS_KEY_FILE",
        "PASSGATE_TOKEN_ISSUER_PORT",
        "PASSGATE_TOKEN_ISSUER_URL",
        "PASSGATE_TOKEN_LIFETIME",
        "PASSGATE_TRACE_CONTEXT",
        "PASSGATE_TRACE_SAMPLED_SHARE",
        "PASSGATE_TRUSTED_PROXIES",
        "PASSGATE_VALKEY_PORT",
        "PASSGATE_VAR",
        "PASSGATE_VERSION",
        "PASSGATE_WEBHOOK_KEY_FILE",
        "PASSGATE_WEBHOOK_PRIVATE_NETWORKS",
    }
)


def unknown_settings(environment: Mapping[str, str], own_names: Collection[str] = ()) -> list[tuple[str, str]]:
    """The variables that begin with `PASSGATE_` and that nothing reads, each with the nearest one that is read.

    The nearest is empty where none is near. `own_names` are those that the caller itself reads. Never a value.
    """
    known = SETTING_NAMES.union(own_names)
    unknown = sorted(name for name in environment if name.startswith(PREFIX) and name not in known)
    return [(name, next(iter(difflib.get_close_matches(name, SETTING_NAMES, n=1)), "")) for name in unknown]
