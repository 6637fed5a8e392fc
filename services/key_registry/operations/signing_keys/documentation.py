"""What OpenAPI says of the members of the signing keys."""

from services.key_registry.catalog.documentation.members import describing
from shared.contracts.documentation import Member, Members

_SIGNING_KEY = "sk_4uVbJm2Qk8ZsX1cT7yNdWa"

SIGNING_KEY_MEMBERS: Members = {
    "SigningKeyResponse.kid": Member("The key's public name, in the `kid` header of tokens.", _SIGNING_KEY),
    "SigningKeyResponse.algorithm": Member("Its signature algorithm (RFC 7518, RFC 8037).", "RS384"),
    "SigningKeyResponse.state": Member(
        "`published` (in the key set, and signs nothing yet), `confirmed` (every gateway has it), `signing`, "
        "`retiring` (another key signs; its own tokens are still accepted), `retired` (its last token has expired, "
        "its private half is destroyed) or `revoked` (so are all its tokens).",
        "signing",
    ),
    "published_at": Member("When it appeared in the key set (RFC 3339, UTC).", "2026-11-26T09:30:00Z"),
    "confirmed_at": Member(
        "Since when every gateway has it. null: some lacked it when they were last compared.",
        "2026-11-26T09:30:31Z",
    ),
    "signing_since": Member("When it began to sign. null: it never has.", "2026-11-26T09:31:00Z"),
    "retiring_since": Member("When another key began to sign in its place. null: none does.", None),
    "retired_at": Member(
        "When its last token has expired, and it leaves the key set; in the future while it is `retiring`.", None
    ),
    "revoked_at": Member("When it was revoked. null: it is not.", None),
    "gateways": Member(
        "The processes of the gateway that count, and whether each has the key. Empty for keys that none needs.",
        [{"instance": "gateway@host:17-a1b2c3", "has_key": True}],
    ),
    "has_key": Member("Whether it verifies tokens with this key; null: it does not report its keys.", True),
    "SigningKeyResponse.waiting_for": Member(
        "The processes of the gateway that lack it. Until there is none, a key that is published signs nothing.", []
    ),
    "SigningKeysResponse.items": Member("The signing keys of the last month, the newest first.", []),
    "SigningKeysResponse.next_cursor": Member("null: there is one page.", None),
    "next_rotation_at": Member(
        "When the schedule publishes the next key. null: there is no schedule, or the key is published.",
        "2027-02-24T09:31:00Z",
    ),
    "as_of": Member("When the token issuer last reported its keys. null: it has not.", "2026-11-26T09:32:00Z"),
}

describe = describing(SIGNING_KEY_MEMBERS)
