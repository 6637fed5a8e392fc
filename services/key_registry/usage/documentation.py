"""What OpenAPI says of the members of usage."""

from shared.contracts.documentation import Member, Members

USAGE_MEMBERS: Members = {
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
    "period": Member("When the period begins (RFC 3339, UTC).", "2026-11-26T00:00:00Z"),
    "calls": Member(
        "How many calls there were, by what became of them.", {"accepted": 40, "refused": 2, "failed": 0}
    ),
    "accepted": Member("Accepted, and served with less than a 5xx.", 40),
    "refused": Member("Refused by Passgate.", 2),
    "failed": Member("Accepted, and then not served, or with a 5xx.", 0),
    "refusals": Member("Refused calls by cause, a word of docs/refusals.md.", {"insufficient_scope": 2}),
    "failures": Member("Failed calls by cause; `status_502` and the like are the upstream's own.", {}),
    "distinct_users": Member(
        "How many different `userId`s session tokens were created for: exact up to 255, above that within some "
        "5 %. null: not known, as by route, or where too many access keys are in it.",
        3,
    ),
    "UsageResponse.company_id": Member("The company's id, where calls are grouped by it.", None),
    "UsageResponse.credential_id": Member("The credential's id, where calls are grouped by it.", None),
    "UsageResponse.route": Member(
        "The route of the route file, or the path of a service, where calls are grouped by it.", None
    ),
}
