"""What OpenAPI says of actors, of checkpoints and of months of the audit trail that have left."""

from services.key_registry.catalog.documentation.members import describing
from shared.contracts.documentation import Member, Members

AUDIT_MEMBERS: Members = {
    "actor_name": Member(
        "A person's e-mail, an admin token's name, or what the user of a portal session is called. null: a "
        "service, nobody, or whoever no longer exists.",
        "owner@example.com",
    ),
    "archived_months": Member(
        "On the last page: the months whose lines are no longer here, and the file that each has left for, in the "
        "registry's `PASSGATE_AUDIT_ARCHIVE_DIR`. Filters do not look into them.",
        [],
    ),
    "month": Member("The month in which the lines were written.", "2026-11"),
    "first_seq": Member("The number of its first line.", 1),
    "last_seq": Member("The number of its last line.", 42),
    "file": Member("The name of the file: compressed JSON Lines, for `verify-audit`.", "audit-2026-11.jsonl.gz"),
    "sha256": Member("SHA-256 of the file, in hex.", "9f" * 32),
    "count": Member("How many lines the trail had.", 42),
    "head": Member("The hash of the last of them, in hex.", "9f" * 32),
    "epoch": Member(
        "The name of the trail's history. Another one is that of another trail.",
        "0190c0de-0000-7000-8000-000000000001",
    ),
    "jws": Member(
        "All of this, signed: a compact JWS (RFC 7515) of type `audit-checkpoint+jwt`. Keep it, and "
        "`verify-audit --checkpoint` later finds whether lines that it counts were cut off or made anew.",
        "eyJhbGciOiJFZERTQSIsInR5cCI6ImF1ZGl0LWNoZWNrcG9pbnQrand0Iiwia2lkIjoi...",
    ),
    "keys": Member(
        "The public keys, each a JWK: the first signs, the others have signed before.",
        [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "kid": "dN2a"}],
    ),
}

describe = describing(AUDIT_MEMBERS)
