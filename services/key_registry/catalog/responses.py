"""The responses of the admin API; of a credential never its digest."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from services.key_registry.catalog.documentation.members import describe
from services.key_registry.catalog.effective_status import EffectiveStatus, StatusReason
from services.key_registry.catalog.field_types import Instant, ShownLimits
from services.key_registry.catalog.permissions import Role
from services.key_registry.catalog.requests import RevocableKind
from services.key_registry.catalog.versions import CredentialVersion
from shared.contracts.key_registry import Kind, Status

COMPUTED = frozenset(
    {"effective_status", "status_reason", "company", "application", "versions", "expires_soon", "last_used_at"}
)
"""Members that are no columns."""


class CompanyName(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, json_schema_extra=describe)

    client_prefix: str
    name: str


class ApplicationName(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, json_schema_extra=describe)

    application_prefix: str
    name: str


class ObjectResponse(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, json_schema_extra=describe)

    id: UUID
    status: Status
    effective_status: EffectiveStatus
    status_reason: StatusReason | None
    created_at: Instant
    updated_at: Instant


class CompanyResponse(ObjectResponse):
    name: str
    client_prefix: str
    company_uri: str
    limits: ShownLimits


class ApplicationResponse(ObjectResponse):
    name: str
    application_prefix: str
    scopes: list[str]
    report_only_scopes: list[str]


class BookingResponse(ObjectResponse):
    company_id: UUID
    company: CompanyName
    application_id: UUID
    application: ApplicationName
    limits: ShownLimits


class CredentialResponse(ObjectResponse):
    expires_at: Instant | None
    expires_soon: bool
    last_used_at: Instant | None


class ApiTokenResponse(CredentialResponse):
    company_id: UUID
    company: CompanyName
    application_id: UUID
    application: ApplicationName
    booking_id: UUID
    remote_application: str
    last_four: str | None
    limits: ShownLimits
    versions: list[CredentialVersion]


class AccessKeyResponse(CredentialResponse):
    company_id: UUID
    company: CompanyName
    name: str
    default_ttl: int
    max_ttl: int
    last_four: str | None
    limits: ShownLimits
    versions: list[CredentialVersion]


class ApiClientResponse(CredentialResponse):
    company_id: UUID
    company: CompanyName
    key: str
    comment: str
    scopes: list[str]
    audience: str | None
    last_four: str | None
    limits: ShownLimits
    versions: list[CredentialVersion]


class KeyPairResponse(CredentialResponse):
    company_id: UUID
    company: CompanyName
    kid: str
    comment: str
    algorithm: str
    scopes: list[str]
    public_key: str
    """PEM."""
    limits: ShownLimits
    succeeds: str | None
    retires_at: Instant | None
    quiet_for: int | None


class AdminTokenResponse(CredentialResponse):
    name: str
    role: Role
    company_id: UUID | None
    company: CompanyName | None
    last_four: str | None
    versions: list[CredentialVersion]


class CreatedApiToken(ApiTokenResponse):
    token: str


class CreatedAccessKey(AccessKeyResponse):
    key: str


class CreatedApiClient(ApiClientResponse):
    secret: str


class CreatedKeyPair(KeyPairResponse):
    private_key: str | None = None
    """PEM; absent when the public key was uploaded."""


class CreatedAdminToken(AdminTokenResponse):
    token: str


class AppliedBy(BaseModel):
    """A process that follows the changes."""

    model_config = ConfigDict(json_schema_extra=describe)

    service: str
    instance: str
    applied: bool
    ms: float | None
    """From the change to its report; null when it has not applied it, or began later."""


class Receipt(BaseModel):
    model_config = ConfigDict(json_schema_extra=describe)

    id: int
    kind: Kind
    subject: str
    """The id of what changed."""
    subject_name: str | None
    """Its prefix, kid, key or name."""
    status: Status
    at: Instant
    state: Literal["applied", "pending"]
    applied: int
    of: int
    ms: float | None
    """The longest of those who have applied it."""
    consumers: list[AppliedBy]
    waiting_for: list[str]


class RevocationResponse(BaseModel):
    model_config = ConfigDict(json_schema_extra=describe)

    kind: RevocableKind
    id: str
    until: Instant
    reason: str
    company_id: str | None
    company: CompanyName | None
    at: Instant
