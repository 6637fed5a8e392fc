"""What OpenAPI says of each member: its description and an example, once for all models that have it.

The examples fit together: the bodies below, sent in the order of contracts, work on an empty registry.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from pydantic import BaseModel

from services.key_registry.catalog.documentation.key_pairs import KEY_PAIR_MEMBERS
from services.key_registry.catalog.documentation.last_use import LAST_USE_MEMBERS
from services.key_registry.catalog.documentation.limits import LIMIT_MEMBERS
from shared.contracts.documentation import Member, Members, describe_members

Describe: TypeAlias = Callable[[dict[str, Any], type[BaseModel]], None]
"""For `json_schema_extra`."""

_ID = "0190c0de-0000-7000-8000-000000000001"
_REFERENCE = "Its id (a UUID) or its public name"

MEMBERS: Members = {
    "id": Member("The object's id, a UUID.", _ID),
    "name": Member("A name for people, on one line.", "BlaBla"),
    "status": Member(
        "What an admin has set it to: `active`, `suspended` (until resumed) or `revoked` (final): see "
        "`/suspend`, `/resume` and `/revoke`.",
        "active",
    ),
    "effective_status": Member(
        "Whether it works: as `status`, but also `expired`, `no_secret` (each of its secrets has ended: "
        "rotate it), and stopped by what it depends on.",
        "active",
    ),
    "status_reason": Member(
        "Why `effective_status` is not `active`: its status, its expiry, a key pair that has succeeded it, the "
        "end of all its secrets, or the booking, company or application that is suspended or revoked. null when "
        "it is active.",
        None,
    ),
    "created_at": Member("When it was created (RFC 3339, UTC).", "2026-11-26T09:30:00Z"),
    "updated_at": Member("When it last changed (RFC 3339, UTC).", "2026-11-26T09:30:00Z"),
    "client_prefix": Member(
        "The company's short public name, unique without regard to case. It never changes.", "blabla"
    ),
    "company_uri": Member(
        "The company's URI, unique without regard to case: `iss` and `sub` of the assertions that it signs.",
        "https://blabla.example",
    ),
    "application_prefix": Member(
        "The application's short public name, unique without regard to case. It never changes.", "SMS"
    ),
    "scopes": Member(
        "Scopes as `resource:action:selector`; `*` stands for one segment, at the end for all that follow. Of an "
        "application: those that it defines. Of a credential: those that it is granted.",
        ["sms:send"],
    ),
    "report_only_scopes": Member(
        "Those of the scopes for which nobody is refused: who lacks one is counted in `/admin/v1/report-only`.",
        [],
    ),
    "company_id": Member("The company's id.", _ID),
    "application_id": Member("The application's id.", _ID),
    "booking_id": Member("The booking's id.", _ID),
    "company": Member(
        "The name and prefix of the company that it belongs to.", {"client_prefix": "blabla", "name": "BlaBla"}
    ),
    "application": Member(
        "The name and prefix of the application.", {"application_prefix": "SMS", "name": "SMS gateway"}
    ),
    "remote_application": Member("What the token is for, in the company's own words.", "BlaBla Shop"),
    "expires_at": Member(
        "When it ends (RFC 3339), in the future when it is set. null: never.", "2099-01-31T12:00:00Z"
    ),
    "default_ttl": Member("Seconds that a session token lives unless its creator requests another time.", 3600),
    "max_ttl": Member("Seconds: the longest life that a session token may be given.", 86400),
    "expires_soon": Member("Whether it ends within 30 days, and has not yet.", False),
    "comment": Member("What the client is for. It may have several lines.", "Nightly report"),
    "audience": Member("`aud` of the client's access tokens; null: the issuer's default.", "https://api.example"),
    "public_key": Member("A public key to use instead of a generated one: PEM, or a JWK.", None),
    "algorithm": Member("The one signature algorithm that the key is for (RFC 7518, RFC 8037).", "ES256"),
    "rsa_bits": Member("Bits of a generated RSA key: 2048 unless given.", 2048),
    "kid": Member("The key's public name, for the `kid` header of what it signs.", "kp_4uVbJm2Qk8ZsX1cT7yNdWa"),
    "private_key": Member("PEM (PKCS #8), shown this once; null when the public key was uploaded.", None),
    "role": Member("`viewer` reads; `editor` also changes all but admin tokens; `owner` does all.", "viewer"),
    "token": Member("The secret, shown this once.", "pgat_..."),
    "key": Member("The client's public id (`client_id` of OAuth).", "pgck_4uVbJm2Qk8ZsX1cT7yNdWa"),
    "secret": Member("The secret, shown this once.", "pgcs_..."),
    "last_four": Member(
        "The last four characters of its secret, which distinguish it from others. null where they are not known: "
        "it was created by a release that did not keep them.",
        "x7Qd",
    ),
    "versions": Member(
        "Its secrets, the newest first: those that work, and up to 20 of the others.",
        [
            {
                "version": 1,
                "state": "current",
                "created_at": "2026-11-26T09:30:00Z",
                "retires_at": None,
                "last_four": "x7Qd",
                "last_used_at": "2026-11-26T10:00:00Z",
                "quiet_for": None,
            }
        ],
    ),
    "version": Member("The number of the secret, from 1 on.", 1),
    "CredentialVersion.state": Member(
        "`current` (the newest), `retiring` (works until `retires_at`) or `retired`.", "current"
    ),
    "CredentialVersion.created_at": Member("When this secret was created (RFC 3339, UTC).", "2026-11-26T09:30:00Z"),
    "retires_at": Member(
        "When it ends or ended (RFC 3339, UTC), never later than the credential. null: with the credential.", None
    ),
    "keep_old_for": Member(
        "Seconds for which the secret that is current goes on beside the new one, at most until the credential "
        "expires. 0 ends it at once, and what was issued with it.",
        86400,
    ),
    "end_oldest": Member(
        "Whether to end the oldest secret at once, and what was issued with it, where two work already.", False
    ),
    "kind": Member("What kind of thing it is.", "jwt"),
    "until": Member(
        "When nothing that it concerns can be alive any more (RFC 3339). null: after the longest life of any.",
        "2026-12-26T09:30:00Z",
    ),
    "reason": Member("Why, for the audit trail.", "Reported as leaked"),
    "at": Member("When it happened (RFC 3339, UTC).", "2026-11-26T09:30:00Z"),
    "seq": Member("The line's number; there are no gaps.", 42),
    "action": Member("What was done: a dotted name, the past tense last.", "company.created"),
    "actor": Member(
        "Who did it: `admin:<id>`, `client:<key>` (or its kid), `access_key:<id>`, `service:<name>`, `github`, "
        "`anonymous`, `command-line` or `configuration`.",
        f"admin:{_ID}",
    ),
    "subject_kind": Member("The kind of the object that it was done to.", "company"),
    "subject": Member("The id, kid or key of the object that it was done to.", _ID),
    "subject_name": Member(
        "What people know the object by: its prefix, kid, key or name, a person's e-mail; of a booking "
        "`client_prefix:application_prefix`. null once it is deleted, and for what the registry does not keep.",
        "blabla",
    ),
    "request_id": Member(
        "The id of the request that did it, the same in the logs of every service.", "4f2a9c0b7d1e4e0c"
    ),
    "detail": Member("More about it, by action.", {"client_prefix": "blabla"}),
    "erased": Member("Whether its detail was erased with its company; the chain verifies without it.", False),
    "previous_hash": Member("The hash of the line before, in hex.", "00" * 32),
    "hash": Member("SHA-256, in hex, over the line's members and `previous_hash`.", "9f" * 32),
    "report_only": Member("The trial, where `report_only` was requested. null: the object is stopped.", None),
    **LIMIT_MEMBERS,
    **LAST_USE_MEMBERS,
    "state": Member("`applied` once every process that counts has applied the change.", "applied"),
    "applied": Member("How many processes have applied it.", 4),
    "of": Member("How many processes follow the changes.", 4),
    "ms": Member("Milliseconds from the change to the report of the last that applied it; null: not known.", 12.5),
    "consumers": Member(
        "The processes that follow the changes.",
        [{"service": "gateway", "instance": "gateway-1", "applied": True, "ms": 12.5}],
    ),
    "waiting_for": Member("The instances that have not applied it.", []),
    "service": Member("The name of its service.", "gateway"),
    "instance": Member("The name of the process.", "gateway-1"),
    "receipt": Member("The receipt's id: `/receipts/{id}` shows which processes have applied the change.", 42),
    "items": Member("The objects of this page, the newest first.", []),
    "next_cursor": Member("`cursor` of the next page; null on the last.", None),
    "Body.company_id": Member(f"The company. {_REFERENCE}: its `client_prefix`.", "blabla"),
    "Body.application_id": Member(f"The application. {_REFERENCE}: its `application_prefix`.", "SMS"),
    "Body.booking_id": Member(f"The booking. {_REFERENCE}: `client_prefix:application_prefix`.", "blabla:SMS"),
    "NewApplication.scopes": Member("The scopes that it defines.", ["sms:send"]),
    "NewApplication.name": Member("A name for people, on one line.", "SMS gateway"),
    **KEY_PAIR_MEMBERS,
    "CreatedAccessKey.key": Member("The secret, shown this once.", "pgak_..."),
    "KeyPairResponse.public_key": Member("The public key as PEM.", "-----BEGIN PUBLIC KEY-----\n..."),
    "NewRevocation.id": Member(
        "The `jti` of a JWT, the `kid` of a signing key, or the audit trail's id of a session token.",
        "b1c0ffee-0001",
    ),
    "RevocationResponse.id": Member("The `jti`, `kid` or session token id that is revoked.", "b1c0ffee-0001"),
    "Receipt.id": Member("The receipt's id, as `Passgate-Receipt` had it.", 42),
    "AppliedBy.applied": Member("Whether this process has applied the change.", True),
}
LEFT_OUT: Mapping[str, frozenset[str]] = {
    "NewKeyPair": frozenset(
        {"public_key", "rsa_bits", "succeeds", "keep_old_for", "keep_old_until_quiet_for", "end_oldest"}
    ),
    "Rotation": frozenset({"keep_old_until_quiet_for"}),
    "NewRevocation": frozenset({"until"}),
}
"""Members that the example of a whole body does without."""


def describing(*members: Members) -> Describe:
    """`describe`, with `members` before those of the catalog: each of a feature describes its own."""

    def described(schema: dict[str, Any], model: type[BaseModel]) -> None:
        for own in members:
            describe_members(own, schema, model)
        describe(schema, model)

    return described


def describe(schema: dict[str, Any], model: type[BaseModel]) -> None:
    """For `json_schema_extra`: descriptions and examples of the members, and an example of the whole."""
    describe_members(MEMBERS, schema, model)
    members = schema.get("properties", {})
    left_out = LEFT_OUT.get(model.__name__, frozenset())
    schema["examples"] = [
        {
            name: member["examples"][0]
            for name, member in members.items()
            if name not in left_out and "examples" in member
        }
    ]


def describe_patch(schema: dict[str, Any], model: type[BaseModel]) -> None:
    """As `describe`, for a change: a member that is not there stays as it is, so none has a default."""
    for member in schema.get("properties", {}).values():
        member.pop("default", None)
    describe(schema, model)
