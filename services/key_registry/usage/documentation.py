"""What OpenAPI says of the members of usage."""

from services.key_registry.catalog.documentation.members import describing
from shared.contracts.documentation import Member, Members

_WINDOW = {"since": "2026-11-26T09:00:00Z", "calls": 42, "addresses": 2}
USAGE_MEMBERS: Members = {
    "live_jwts": Member(
        "Access tokens that were issued and have not expired, true to a minute. Those that were revoked one by one "
        "are among them; those of a secret or a credential that was ended are not.",
        12,
    ),
    "live_session_tokens": Member(
        "Session tokens that were created, have not expired and were not ended early, true to a minute.", 3
    ),
    "ImpactResponse.hour": Member("Since the beginning of the hour before this one.", _WINDOW),
    "ImpactResponse.day": Member("Since the beginning of the hour a day ago.", _WINDOW),
    "ImpactResponse.week": Member("Since the beginning of the hour a week ago.", _WINDOW),
    "since": Member("Since when (RFC 3339, UTC).", "2026-11-26T09:00:00Z"),
    "ImpactWindow.calls": Member("Calls that were accepted: those that would have been refused.", 42),
    "ImpactWindow.addresses": Member(
        "From how many different client addresses (of IPv6 their /64) it was called, refused or not: exact up to "
        "255, above that within some 5 %. null: too many credentials.",
        2,
    ),
    "dependents": Member(
        "How many objects of each kind depend on it, but for those that are revoked. Of a booking and an "
        "application also the API clients and key pairs that are granted something of its scopes.",
        [{"kind": "api_token", "active": 2, "suspended": 0}],
    ),
    "ImpactResponse.kind": Member("The kind of the object.", "company"),
    "DependentResponse.kind": Member("The kind of the objects.", "api_token"),
    "active": Member("How many work, as far as that depends on themselves.", 2),
    "suspended": Member("How many are suspended.", 0),
    "period": Member(
        "When the period begins (RFC 3339, UTC); of a total, the day of `from`.", "2026-11-26T00:00:00Z"
    ),
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
    "CredentialDaysResponse.items": Member("One for each id, in their order.", []),
    "CredentialDays.credential_id": Member("The credential's id.", "0190c0de-0000-7000-8000-000000000001"),
    "first_day": Member("The first of the days, in UTC.", "2026-11-20"),
    "CredentialDays.days": Member(
        "Calls of each day, the oldest first; the last one is today, so far.",
        [{"accepted": 40, "refused": 2, "failed": 0}],
    ),
    "UsageResponse.company_id": Member("The company's id, where calls are grouped by it.", None),
    "UsageResponse.company": Member(
        "That company's name and prefix. null: not grouped by it, or it is gone.", None
    ),
    "UsageResponse.credential_id": Member(
        "The credential's id, where calls are grouped by it.", "0190c0de-0000-7000-8000-000000000001"
    ),
    "credential_kind": Member(
        "The kind of that credential. null: not grouped by it, or it was deleted.", "api_token"
    ),
    "credential_name": Member(
        "What people know that credential by: its name or comment, of a key pair its KID. null: as the kind.",
        "BlaBla Shop",
    ),
    "UsageResponse.route": Member(
        "The route of the route file, or the path of a service, where calls are grouped by it.", None
    ),
}

describe = describing(USAGE_MEMBERS)
