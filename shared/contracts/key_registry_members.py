"""What OpenAPI says of each member of the key registry's internal API."""

from shared.contracts.documentation import Member, Members

_ID = "0190c0de-0000-7000-8000-000000000001"
_MARK = "6b0f1c2e-7d3a-4f57-9a41-0c8d2e5b7f13"
_STATUS = "`active`, `suspended` (until resumed) or `revoked` (permanently)."

MEMBERS: Members = {
    "Change.limits": Member("The object's limits, where they have changed; null: they are as they were.", None),
    "Snapshot.limits": Member("The limits of all objects that have any and are not revoked.", []),
    "id": Member("The object's id, a UUID.", _ID),
    "status": Member(_STATUS, "active"),
    "client_prefix": Member("The company's short public name.", "blabla"),
    "company_uri": Member("The company's URI: `iss` and `sub` of its assertions.", "https://blabla.example"),
    "company": Member(
        "The company that it belongs to.",
        {"id": _ID, "client_prefix": "blabla", "company_uri": "https://blabla.example", "status": "active"},
    ),
    "as_of": Member("The position in the change feed that this is of: all changes up to it are in it.", 42),
    "mark": Member(
        "The mark of the position, which says of which history it is. null: from a release without marks.", _MARK
    ),
    "remote_application": Member("What the token is for, in the company's words.", "BlaBla Shop"),
    "expires_at": Member("When it ends, in seconds since the epoch. null: never.", 4073544000.0),
    "booking_id": Member("The booking's id.", _ID),
    "booking_status": Member(f"The booking's status: {_STATUS}", "active"),
    "application_id": Member("The application's id.", _ID),
    "application_prefix": Member("The application's short public name.", "SMS"),
    "application_status": Member(f"The application's status: {_STATUS}", "active"),
    "name": Member("A name for people.", "demo"),
    "default_ttl": Member("Seconds that a session token lives unless its creator requests another time.", 3600),
    "max_ttl": Member("Seconds: the longest life that a session token may be given.", 86400),
    "scopes": Member("Scopes as `resource:action:selector`.", ["site:read"]),
    "bookings": Member("What the company has booked, at most one for each application.", []),
    "key": Member("The client's public id (`client_id` of OAuth).", "pgck_4uVbJm2Qk8ZsX1cT7yNdWa"),
    "secret_digest": Member("SHA-256 of the newest secret, in hex; empty where that is revoked.", "9f" * 32),
    "secrets": Member(
        "The client's secrets: those that work, and some that did.", [{"version": 1, "digest": "9f" * 32}]
    ),
    "digest": Member("SHA-256 of the secret, in hex.", "9f" * 32),
    "version": Member("The number of the secret among those of its credential, from 1 on.", 1),
    "retires_at": Member("When the secret ends, in seconds since the epoch. null: with its credential.", None),
    "version_revoked": Member("Whether the secret was ended at once, and what was issued with it.", False),
    "revoked": Member("Whether it was ended at once, and what was issued with it.", False),
    "audience": Member("`aud` of the client's access tokens; null: the issuer's default.", "https://api.example"),
    "kid": Member("The key's public name.", "kp_4uVbJm2Qk8ZsX1cT7yNdWa"),
    "algorithm": Member("The one signature algorithm that the key is for.", "EdDSA"),
    "public_key": Member("The public JWK (RFC 7517).", {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_..."}),
    "seq": Member("The change's position: it grows by one with each, in the order of commits.", 42),
    "previous_mark": Member("The mark of the change before, which this one continues.", _MARK),
    "kind": Member("The kind of the object that changed or is stopped.", "api_client"),
    "at": Member("When, in seconds since the epoch.", 1795685400.0),
    "until": Member(
        "When nothing that it concerns can be alive any more, in seconds since the epoch. null: for ever.",
        1795771800.0,
    ),
    "company_id": Member("The id of the company whose it is; null: of the platform itself, or not known.", _ID),
    "changes": Member("The changes after the position, in order.", []),
    "last": Member("The newest position that there is.", 42),
    "last_mark": Member("The mark of the newest position.", _MARK),
    "gap": Member(
        "Whether to start again from a snapshot: the position is of another history, or long ago.", False
    ),
    "restored_at": Member(
        "When the registry found that its database was set back, in seconds since the epoch; null: never.", None
    ),
    "stopped": Member("All that is suspended, or was revoked and may still concern somebody.", []),
    "instance": Member("The name of the process, which no other has.", "gateway@host:17-a1b2c3"),
    "service": Member("The name of its service, which is the caller's own.", "gateway"),
    "position": Member("The newest change that it has applied.", 42),
    "leaving": Member("Whether it ends now, and is not to be waited for.", False),
    "signing_keys": Member(
        "The kids of the token issuer that it verifies tokens with, from a gateway. null: it does not say.",
        ["sk_4uVbJm2Qk8ZsX1cT7yNdWa"],
    ),
    "usage_source": Member(
        "The `source` of its batches of usage. null: from a release that does not say how far it has counted.",
        "0190c0de-0000-7000-8000-000000000001",
    ),
    "release": Member("The release of Passgate that it is. null: it does not say.", "0.1.0"),
    "staleness_bound": Member("Seconds for which it may accept by what it knows, without a word from here.", 5.0),
    "events": Member("The events, which become lines in this order.", []),
    "action": Member("What was done: a dotted name, the past tense last.", "token.issued"),
    "actor": Member("Who did it: `client:<key>`, `service:<name>` or `anonymous`.", "service:token_issuer"),
    "subject_kind": Member("The kind of what it was done to.", "api_client"),
    "subject": Member("The id, kid or key of what it was done to; never a secret.", _ID),
    "request_id": Member("The id of the request that did it.", "4f2a9c0b7d1e4e0c"),
    "detail": Member("More about it, by action.", {"cause": "stopped"}),
    "reason": Member("Why, for the audit trail.", "revoked by its client"),
    "leaked": Member("Whether its holder ends it, as others may hold it too: the company is notified.", False),
    "HeldSecret.kind": Member("The kind of the credential.", "api_token"),
    "HeldSecret.digest": Member("SHA-256 of the secret, in hex.", "9f" * 32),
    "HeldSecret.client": Member("The address that it came from; of IPv6 the /64.", "192.0.2.7"),
    "found": Member("Whether it is, or once was, the secret of a credential.", True),
    "public_jwk": Member("The public key (RFC 7517). null: not reported.", {"kty": "OKP"}),
    "LiveTokens.count": Member("How many; 1,000,000 stands for that many or more.", 1200),
    "receipt": Member("The position of the change that it is: `/admin/v1/receipts/{id}` shows it.", 42),
    "KeyPair.retires_at": Member(
        "When it signs nothing any more, as another succeeds it; seconds since the epoch. null: it does not.", None
    ),
    "keys": Member("The signing keys, those of the last month among them.", []),
    "read_at": Member("When the issuer read them, in seconds since the epoch by its store's clock.", 1795685400.0),
    "next_rotation_at": Member(
        "When the schedule publishes the next key, in seconds since the epoch. null: never, or it is published.",
        1803461400.0,
    ),
    "state": Member(
        "`published`, `confirmed` (every gateway has it), `signing`, `retiring` (another one signs, and its tokens "
        "are accepted), `retired` or `revoked`.",
        "signing",
    ),
    "published_at": Member("When it was published, in seconds since the epoch.", 1795685400.0),
    "confirmed_at": Member("Since when every gateway has it; null: not all have.", 1795685430.0),
    "signing_since": Member("Since when it signs, or signed; null: it never has.", 1795685460.0),
    "retiring_since": Member("Since when another key signs; null: none does.", None),
    "retired_at": Member("When its last token has expired; null: not known yet.", None),
    "revoked_at": Member("When it was revoked; null: it is not.", None),
    "gateways": Member("The processes of the gateway that count, each with its kids.", []),
    "kids": Member("The kids that it verifies tokens with; null: it does not say.", ["sk_4uVbJm2Qk8ZsX1cT7yNdWa"]),
    "SigningKeyStatus.kid": Member("The key's public name.", "sk_4uVbJm2Qk8ZsX1cT7yNdWa"),
    "AuditEvent.id": Member(
        "A UUID: an event whose id is in the trail already is not written again. Empty: no such guarantee.", _ID
    ),
    "Revocation.id": Member("The `jti` of a JWT, the `kid` of a signing key, or a session token's id.", "b1c0ffee"),
    "Revocation.kind": Member("What it is: `jwt`, `signing_key` or `session_token`.", "jwt"),
    "Stopped.id": Member("The id of the object, `jti`, `kid` or session token's id.", _ID),
    "Change.id": Member("The id of the object, `jti`, `kid` or session token's id.", _ID),
}
