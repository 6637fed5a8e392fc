"""What OpenAPI says of the last use of credentials, and of what ends by itself after it."""

from shared.contracts.documentation import Member, Members

LAST_USE_MEMBERS: Members = {
    "last_used_at": Member(
        "When it was last used (RFC 3339, UTC), true to a minute, whether the call was accepted or refused. null: "
        "never, or before this was kept.",
        "2026-11-26T10:00:00Z",
    ),
    "CredentialVersion.last_used_at": Member(
        "When this secret was last used, or what was issued with it (RFC 3339, UTC). null: never.",
        "2026-11-26T10:00:00Z",
    ),
    "quiet_for": Member(
        "Seconds without a use after which it ends by itself before `retires_at`. null: it does not.", None
    ),
    "keep_old_until_quiet_for": Member(
        "In the place of `keep_old_for`: seconds without a use (1 to 2,592,000) after which the old one ends by "
        "itself, after 30 days in any case.",
        604800,
    ),
    "NewKeyPair.keep_old_until_quiet_for": Member(
        "In the place of `keep_old_for`: seconds without a use (1 to 2,592,000) after which the key pair in "
        "`succeeds` signs nothing any more, after 30 days in any case.",
        None,
    ),
}
