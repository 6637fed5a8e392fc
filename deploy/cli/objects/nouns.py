"""The resources of the admin API, as the command line names them."""

import argparse
from dataclasses import dataclass, replace

VERBS = (
    "list",
    "show",
    "impact",
    "trial",
    "create",
    "change",
    "rotate",
    "versions",
    "suspend",
    "resume",
    "revoke",
    "delete",
)


ROTATED_IN_THEIR_OWN_WAY = frozenset({"key-pairs", "webhooks"})


@dataclass(frozen=True, slots=True)
class Option:
    """`--name` for the member `member`; `kind` says how its text becomes a value."""

    member: str
    help: str
    required: bool = False
    kind: str = "text"
    """`text`, `instant`, `number`, `json`, `yes or no`, `list` (given several times), `duration` (seconds, or 10m,
    24h, 7d), or `file` (what is in it)."""
    fixed: bool = False
    """Whether it cannot be changed afterwards."""
    of_a_successor: bool = False
    """Whether a key pair that succeeds another may have another one."""

    @property
    def flag(self) -> str:
        return "--" + self.member.removesuffix("_id").replace("_", "-").replace("scopes", "scope")


@dataclass(frozen=True, slots=True)
class Noun:
    path: str
    one: str
    columns: tuple[str, ...]
    options: tuple[Option, ...]
    filters: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    """Members that the response to a create or rotate has this once."""
    rotates: bool = False
    verbs: tuple[str, ...] = VERBS
    searched: bool = True
    """Whether its list takes words and a status."""
    is_granted_scopes: bool = False
    """Whether its list may be of those alone that have a scope, or have none."""

    def has(self, verb: str) -> bool:
        of_secrets = {"versions": self.rotates, "rotate": self.rotates or self.path in ROTATED_IN_THEIR_OWN_WAY}
        return verb in self.verbs and of_secrets.get(verb, True)

    def filters_in(self, arguments: argparse.Namespace) -> dict[str, str]:
        """Which objects are meant, as far as the command says so."""
        given = {name: getattr(arguments, name, None) for name in self.filters}
        return {name: value for name, value in given.items() if value}


COMPANY = Option("company_id", "its company: client prefix or id", required=True, fixed=True)
EXPIRES = Option("expires_at", "when it ends, such as 2027-01-01T00:00:00Z, or never", kind="instant")
SCOPES = Option("scopes", "a scope that it may ask for; again for each", kind="list", required=True)
LIMITS = Option("limits", 'JSON, such as \'{"rate":{"calls":50,"per_seconds":1,"burst":100}}\'', kind="json")
STATE = ("effective_status", "expires_at")

RESOURCES = (
    Noun(
        "companies",
        "company",
        ("client_prefix", "name", "company_uri", "effective_status", "id"),
        (
            Option("name", "what people call it", required=True),
            Option("client_prefix", "its short name, such as blabla", required=True, fixed=True),
            Option("company_uri", "its URL, the issuer of JWTs that it signs", required=True, fixed=True),
            LIMITS,
        ),
    ),
    Noun(
        "applications",
        "application",
        ("application_prefix", "name", "scopes", "effective_status", "id"),
        (
            Option("name", "what people call it", required=True),
            Option("application_prefix", "its short name, such as SMS", required=True, fixed=True),
            Option("scopes", "a scope that it has; again for each", kind="list", required=True),
            Option("report_only_scopes", "a scope that is only tried; again for each", kind="list"),
        ),
    ),
    Noun(
        "bookings",
        "booking",
        ("company.client_prefix", "application.application_prefix", "effective_status", "id"),
        (
            COMPANY,
            Option("application_id", "prefix or id", required=True, fixed=True),
            LIMITS,
        ),
        filters=("company_id", "application_id"),
    ),
    Noun(
        "api-tokens",
        "API token",
        ("remote_application", "company.client_prefix", "application.application_prefix", *STATE, "id"),
        (
            Option("booking_id", "the booking's id; or --company and --application", fixed=True),
            Option("remote_application", "who uses it", required=True),
            EXPIRES,
            LIMITS,
        ),
        filters=("company_id",),
        secrets=("token",),
        rotates=True,
    ),
    Noun(
        "access-keys",
        "access key",
        ("name", "company.client_prefix", "last_four", *STATE, "id"),
        (
            COMPANY,
            Option("name", "what people call it", required=True),
            Option("default_ttl", "seconds of a session token unless asked otherwise", kind="duration"),
            Option("max_ttl", "seconds of a session token at most", kind="duration"),
            EXPIRES,
            LIMITS,
        ),
        filters=("company_id",),
        secrets=("key",),
        rotates=True,
    ),
    Noun(
        "api-clients",
        "API client",
        ("comment", "key", "company.client_prefix", "scopes", *STATE, "id"),
        (
            COMPANY,
            Option("comment", "what it is for", required=True),
            SCOPES,
            Option("audience", "the audience of its JWTs, unless the usual one"),
            EXPIRES,
            LIMITS,
        ),
        filters=("company_id",),
        secrets=("secret",),
        rotates=True,
        is_granted_scopes=True,
    ),
    Noun(
        "key-pairs",
        "key pair",
        ("kid", "comment", "algorithm", "company.client_prefix", "scopes", *STATE, "id"),
        (
            COMPANY,
            Option("comment", "what it is for", of_a_successor=True),
            replace(SCOPES, of_a_successor=True),
            Option(
                "public_key", "file with its public key (PEM or JWK)", kind="file", fixed=True, of_a_successor=True
            ),
            Option("algorithm", "RS256 unless said otherwise", fixed=True, of_a_successor=True),
            Option("rsa_bits", "2048, 3072 or 4096", kind="number", fixed=True, of_a_successor=True),
            replace(EXPIRES, of_a_successor=True),
            replace(LIMITS, of_a_successor=True),
            Option("succeeds", "the KID of the one that this one takes over from", fixed=True),
            Option("keep_old_for", "how long that one goes on", kind="duration", fixed=True),
            Option("keep_old_until_quiet_for", "until nobody uses it for so long", kind="duration", fixed=True),
        ),
        filters=("company_id",),
        secrets=("private_key",),
        is_granted_scopes=True,
    ),
    Noun(
        "admin-tokens",
        "admin token",
        ("name", "role", "company.client_prefix", "last_four", *STATE, "id"),
        (
            Option("name", "who uses it", required=True),
            Option("role", "owner, editor or viewer", required=True, fixed=True),
            Option("company_id", "the one company that it is for", fixed=True),
            EXPIRES,
        ),
        filters=("company_id",),
        secrets=("token",),
        rotates=True,
    ),
)  # fmt: skip
"""What has the admin API's verbs for objects, all of them."""

OTHERS = (
    Noun(
        "webhooks",
        "webhook",
        ("name", "company.client_prefix", "url", "enabled", "failing_since", "last_delivered_at", "id"),
        (
            Option("company_id", "its company; without it: the operator's, for all companies", fixed=True),
            Option("name", "what people call it", required=True),
            Option("url", "where events are sent", required=True),
            Option("types", "a type of events, such as credential.expiring; again for each", kind="list"),
            Option("enabled", "yes or no", kind="yes or no"),
        ),
        filters=("company_id",),
        secrets=("secret",),
        verbs=("list", "show", "create", "change", "rotate", "delete", "deliveries"),
        searched=False,
    ),
    Noun(
        "people",
        "person",
        ("email", "role", "company_id", "status", "created_at", "id"),
        (Option("role", "owner, editor or viewer"),),
        filters=("company_id",),
        verbs=("list", "show", "change", "suspend", "resume", "revoke", "reset-password"),
        searched=False,
    ),
    Noun(
        "invitations",
        "invitation",
        ("email", "role", "company_id", "status", "expires_at", "id"),
        (
            Option("role", "owner, editor or viewer", required=True, fixed=True),
            Option("company_id", "the one company that it is for", fixed=True),
            Option("email", "the only address that it is for", fixed=True),
            Option("expires_in", "how long its link works (7d)", kind="duration", fixed=True),
        ),
        filters=("company_id",),
        secrets=("token", "path", "url"),
        verbs=("list", "show", "create", "revoke"),
        searched=False,
    ),
)  # fmt: skip
NOUNS = (*RESOURCES, *OTHERS)
