"""What OpenAPI says of the members of key pairs that others have not, or mean otherwise."""

from shared.contracts.documentation import Member, Members

KEY_PAIR_MEMBERS: Members = {
    "NewKeyPair.scopes": Member("The scopes that the key pair is granted.", ["website:read:*"]),
    "NewKeyPair.comment": Member(
        "What the key pair is for. It may have several lines. Empty: no comment. Left out: that of the key pair in "
        "`succeeds`, if there is one.",
        "Website of the fleet",
    ),
    "KeyPairPatch.comment": Member("What the key pair is for. Empty: no comment.", "Website of the fleet"),
    "KeyPairResponse.comment": Member("What the key pair is for. Empty: no comment.", "Website of the fleet"),
    "NewKeyPair.succeeds": Member(
        "The key pair of the same company that the new one replaces. Its id (a UUID) or its public name, its "
        "`kid`.",
        None,
    ),
    "NewKeyPair.keep_old_for": Member(
        "Seconds for which the key pair in `succeeds` goes on: 86400 unless said, at most until it expires. 0 "
        "revokes it at once, and what was issued to it.",
        None,
    ),
    "NewKeyPair.end_oldest": Member(
        "Whether to revoke the oldest at once where two work already: the one in `succeeds`, and the one that it "
        "has succeeded or that has succeeded it.",
        None,
    ),
    "KeyPairResponse.succeeds": Member("The `kid` of the key pair that it replaces. null: of none.", None),
    "KeyPairResponse.retires_at": Member(
        "When it signs nothing any more, because another one succeeds it (RFC 3339, UTC). null: it does not.", None
    ),
}
