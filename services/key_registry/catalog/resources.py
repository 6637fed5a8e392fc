"""The resources of the admin API, described once: the requests and responses of each, and what it depends on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from services.key_registry.catalog import requests, responses
from services.key_registry.catalog.versions import Secret
from shared import opaque
from shared.contracts.key_registry import Kind

Row = dict[str, Any]
"""A stored object: its columns by name; ids are UUIDs, times aware datetimes, digests bytes."""

KEPT_COLUMNS = ("id", "created_at")
NULLABLE = frozenset({"last_four"})
"""Of the columns that are searched, those that may be null."""
CASELESS = frozenset({"client_prefix", "company_uri", "application_prefix"})
"""Columns that are compared without regard to case, as their unique indexes do."""


@dataclass(frozen=True, slots=True)
class Parent:
    """`member` holds the id of a `kind`, of which the new object takes over the `inherited` columns."""

    member: str
    kind: Kind
    inherited: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind of object. `kind` is also its table, `path` its segment in the URL.

    `hidden` columns are stored and never shown. `described_by` are the members that its audit lines repeat.
    `named_by`: the first of these that is not empty is its name for people; else `searched` begins with it.
    `deletable`: when nothing refers to it, only once it is revoked, or never.
    """

    kind: Kind
    path: str
    create: type[requests.Body]
    change: type[requests.Body]
    response: type[responses.ObjectResponse]
    created_response: type[responses.ObjectResponse]
    described_by: tuple[str, ...]
    filters: tuple[str, ...]
    parents: tuple[Parent, ...] = ()
    hidden: tuple[str, ...] = ()
    public_name: str | None = None
    """The column by which a request may name it instead of by its id."""
    named_by: tuple[str, ...] = ()
    searched: tuple[str, ...] = ()
    """The columns in which `q` looks for words."""
    deletable: Literal["unreferenced", "revoked", "never"] = "revoked"
    secret: Secret | None = None
    """Of a credential that can be rotated; None of what has no secret."""
    check: Callable[[Mapping[str, Any]], None] | None = None
    """Raises `Unprocessable` when members, each right by itself, are not together."""

    @property
    def noun(self) -> str:
        return self.kind.replace("_", " ").replace("api", "API")

    @property
    def a_noun(self) -> str:
        return f"{'an' if self.noun[0] in 'aA' else 'a'} {self.noun}"

    @property
    def columns(self) -> tuple[str, ...]:
        return (*self.stored, "status_at", *self.hidden)

    @property
    def stored(self) -> tuple[str, ...]:
        """The columns that are shown."""
        return tuple(name for name in self.response.model_fields if name not in responses.COMPUTED)

    @property
    def fixed(self) -> frozenset[str]:
        """The members that are shown, and cannot be changed."""
        return frozenset(self.response.model_fields) - frozenset(self.change.model_fields)

    @property
    def name_column(self) -> str | None:
        """What programs know it by: its public name, or else its name. A booking has none of its own."""
        return self.public_name or (self.searched[0] if self.searched else None)

    @property
    def belongs_to(self) -> tuple[Kind, ...]:
        """The kinds of what it depends on; the column of each is the kind's name and `_id`."""
        return tuple(kind for kind in ("company", "application", "booking") if f"{kind}_id" in self.columns)

    def given_name(self, row: Mapping[str, Any]) -> str | None:
        """What people know it by: the name or comment that a person gave it, or its kid; None for a booking."""
        return next((str(row[column]) for column in self.named_by or self.searched[:1] if row[column]), None)

    def company_of(self, row: Mapping[str, Any]) -> UUID | None:
        """The company whose object it is; None for one of the platform itself."""
        owner = row["id"] if self.kind == "company" else row.get("company_id")
        return owner if isinstance(owner, UUID) else None

    def show(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Its stored members as JSON, for the audit trail."""
        return self.response.model_construct(**row).model_dump(
            mode="json", include=set(self.stored), warnings=False
        )

    def present(self, row: Mapping[str, Any], computed: Mapping[str, Any]) -> dict[str, Any]:
        """The object as responses have it: its stored members, and those that are computed."""
        return self.response.model_validate({**row, **computed}).model_dump(mode="json")


_OF_COMPANY = Parent("company_id", "company")

COMPANY = Resource(
    kind="company",
    path="companies",
    create=requests.NewCompany,
    change=requests.CompanyPatch,
    response=responses.CompanyResponse,
    created_response=responses.CompanyResponse,
    described_by=("client_prefix", "company_uri"),
    filters=("client_prefix", "company_uri", "status", "limited"),
    deletable="unreferenced",
    public_name="client_prefix",
    searched=("name", "client_prefix", "company_uri"),
)
APPLICATION = Resource(
    kind="application",
    path="applications",
    create=requests.NewApplication,
    change=requests.ApplicationPatch,
    response=responses.ApplicationResponse,
    created_response=responses.ApplicationResponse,
    described_by=("application_prefix", "scopes", "report_only_scopes"),
    filters=("application_prefix", "status"),
    deletable="unreferenced",
    public_name="application_prefix",
    check=requests.check_report_only_scopes,
    searched=("name", "application_prefix"),
)
BOOKING = Resource(
    kind="booking",
    path="bookings",
    create=requests.NewBooking,
    change=requests.BookingPatch,
    response=responses.BookingResponse,
    created_response=responses.BookingResponse,
    described_by=("application_id",),
    filters=("company_id", "client_prefix", "application_id", "application_prefix", "status", "limited"),
    parents=(_OF_COMPANY, Parent("application_id", "application")),
    deletable="unreferenced",
)
API_TOKEN = Resource(
    kind="api_token",
    path="api-tokens",
    create=requests.NewApiToken,
    change=requests.ApiTokenPatch,
    response=responses.ApiTokenResponse,
    created_response=responses.CreatedApiToken,
    described_by=("booking_id", "remote_application", "expires_at"),
    filters=(
        "company_id",
        "client_prefix",
        "application_id",
        "application_prefix",
        "booking_id",
        "remote_application",
        "status",
        "expires_soon",
        "limited",
    ),
    parents=(Parent("booking_id", "booking", ("company_id", "application_id")),),
    hidden=("digest",),
    secret=Secret(opaque.API_TOKEN, "token"),
    searched=("remote_application", "last_four"),
)
ACCESS_KEY = Resource(
    kind="access_key",
    path="access-keys",
    create=requests.NewAccessKey,
    change=requests.AccessKeyPatch,
    response=responses.AccessKeyResponse,
    created_response=responses.CreatedAccessKey,
    described_by=("name", "default_ttl", "max_ttl", "expires_at"),
    filters=("company_id", "client_prefix", "status", "expires_soon", "limited"),
    parents=(_OF_COMPANY,),
    hidden=("digest",),
    secret=Secret(opaque.ACCESS_KEY, "key"),
    check=requests.check_default_ttl,
    searched=("name", "last_four"),
)
API_CLIENT = Resource(
    kind="api_client",
    path="api-clients",
    create=requests.NewApiClient,
    change=requests.ApiClientPatch,
    response=responses.ApiClientResponse,
    created_response=responses.CreatedApiClient,
    described_by=("key", "scopes", "audience", "expires_at"),
    filters=("company_id", "client_prefix", "key", "status", "expires_soon", "limited", "has_scopes"),
    parents=(_OF_COMPANY,),
    hidden=("digest",),
    secret=Secret(opaque.API_CLIENT_SECRET, "secret"),
    public_name="key",
    searched=("comment", "key", "last_four"),
)
KEY_PAIR = Resource(
    kind="key_pair",
    path="key-pairs",
    create=requests.NewKeyPair,
    change=requests.KeyPairPatch,
    response=responses.KeyPairResponse,
    created_response=responses.CreatedKeyPair,
    described_by=("kid", "algorithm", "scopes", "expires_at", "succeeds"),
    named_by=("comment", "kid"),
    filters=("company_id", "client_prefix", "kid", "algorithm", "status", "expires_soon", "limited", "has_scopes"),
    parents=(_OF_COMPANY,),
    hidden=("public_jwk",),
    public_name="kid",
    searched=("kid", "comment"),
)
ADMIN_TOKEN = Resource(
    kind="admin_token",
    path="admin-tokens",
    create=requests.NewAdminToken,
    change=requests.AdminTokenPatch,
    response=responses.AdminTokenResponse,
    created_response=responses.CreatedAdminToken,
    described_by=("name", "role", "expires_at"),
    filters=("company_id", "client_prefix", "role", "status", "expires_soon"),
    parents=(_OF_COMPANY,),
    hidden=("digest",),
    secret=Secret(opaque.ADMIN_TOKEN, "token"),
    deletable="never",  # audit lines name it as who did it, and a deleted one could be registered again
    searched=("name", "last_four"),
)

RESOURCES: Mapping[Kind, Resource] = {
    resource.kind: resource
    for resource in (COMPANY, APPLICATION, BOOKING, API_TOKEN, ACCESS_KEY, API_CLIENT, KEY_PAIR, ADMIN_TOKEN)
}
REFERRERS: Mapping[Kind, tuple[tuple[Resource, str], ...]] = {
    parent: tuple((r, p.member) for r in RESOURCES.values() for p in r.parents if p.kind == parent)
    for parent in RESOURCES
}
"""For each kind, the resources that refer to it and by which column."""
LIMITED_KINDS = tuple(kind for kind, resource in RESOURCES.items() if "limits" in resource.columns)
"""What can have limits of its own."""
