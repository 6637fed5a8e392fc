"""What the admin API takes: the members of each create, and of each change."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from services.key_registry.catalog.documentation.members import describe, describe_patch
from services.key_registry.catalog.field_types import (
    Audience,
    Comment,
    CompanyUri,
    Instant,
    Name,
    OptionalComment,
    PemOrJwk,
    Prefix,
    Reason,
    Reference,
    Scopes,
    TokenId,
    Ttl,
)
from services.key_registry.catalog.permissions import Role
from services.key_registry.catalog.versions import DEFAULT_KEEP_OLD_FOR_S, MAX_KEEP_OLD_FOR_S
from shared.contracts.limits import Limits
from shared.errors import Unprocessable
from shared.identifiers import UUID_FORM
from shared.jose.algorithms import canonical_algorithm

DEFAULT_TTL_S = 3600
DEFAULT_MAX_TTL_S = 86400

Algorithm = Annotated[
    Literal["RS256", "RS384", "RS512", "ES256", "EdDSA", "Ed25519"], AfterValidator(canonical_algorithm)
]
"""`Ed25519` is another name of EdDSA (RFC 9864), and is kept and shown as that."""
KeepOldFor = Annotated[int, Field(ge=0, le=MAX_KEEP_OLD_FOR_S)]
QuietFor = Annotated[int, Field(ge=1, le=MAX_KEEP_OLD_FOR_S)]
RsaBits = Literal[2048, 3072, 4096]
RevocableKind = Literal["jwt", "session_token", "signing_key"]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, json_schema_extra=describe)


def _is_not_beside_a_quiet_time(keep_old_for: int | None, info: ValidationInfo) -> int | None:
    if keep_old_for is not None and info.data.get("keep_old_until_quiet_for") is not None:
        raise ValueError("cannot be given beside keep_old_until_quiet_for")
    return keep_old_for


class NewCompany(Body):
    name: Name
    client_prefix: Prefix
    company_uri: CompanyUri
    limits: Limits | None = None


class NewApplication(Body):
    name: Name
    application_prefix: Prefix
    scopes: Scopes
    report_only_scopes: Scopes = []


class NewBooking(Body):
    company_id: Reference
    application_id: Reference
    limits: Limits | None = None


class NewApiToken(Body):
    booking_id: Reference
    remote_application: Name
    expires_at: Instant | None = None
    limits: Limits | None = None


class NewAccessKey(Body):
    company_id: Reference
    name: Name
    default_ttl: Ttl | None = None
    """3600, or `max_ttl` when that is less."""
    max_ttl: Ttl | None = None
    """86400."""
    expires_at: Instant | None = None
    limits: Limits | None = None


class NewApiClient(Body):
    company_id: Reference
    comment: Comment
    scopes: Scopes
    audience: Audience | None = None
    expires_at: Instant | None = None
    limits: Limits | None = None


class NewKeyPair(Body):
    """Generated unless `public_key` (PEM, or a JWK) is there; then its private half stays with the partner."""

    company_id: Reference
    scopes: Scopes
    comment: OptionalComment = ""
    """That of the key pair that it succeeds."""
    public_key: PemOrJwk | None = None
    algorithm: Algorithm | None = None
    rsa_bits: RsaBits | None = None
    expires_at: Instant | None = None
    limits: Limits | None = None
    """Those of the key pair that it succeeds."""
    succeeds: Reference | None = None
    keep_old_until_quiet_for: QuietFor | None = None
    keep_old_for: KeepOldFor | None = None
    """86400."""
    end_oldest: bool | None = None
    """False."""

    _one_of_two = field_validator("keep_old_for")(_is_not_beside_a_quiet_time)

    @field_validator("keep_old_for", "keep_old_until_quiet_for", "end_oldest")
    @classmethod
    def _is_of_a_successor(cls, value: int | bool | None, info: ValidationInfo) -> int | bool | None:
        if value is not None and info.data.get("succeeds") is None:
            raise ValueError("is for a key pair that succeeds another: name that in succeeds")
        return value

    @field_validator("rsa_bits")
    @classmethod
    def _bits_are_for_rsa(cls, bits: RsaBits | None, info: ValidationInfo) -> RsaBits | None:
        if bits is not None and info.data.get("public_key") is not None:
            raise ValueError("is for a key that is generated here: leave it out beside public_key")
        algorithm = info.data.get("algorithm") or "RS256"
        if bits is not None and not algorithm.startswith("RS"):
            raise ValueError(f"has no meaning for {algorithm}")
        return bits


class NewAdminToken(Body):
    name: Name
    role: Annotated[Role, Field(strict=False)]
    company_id: Reference | None = None
    """The token then sees the objects of this company alone."""
    expires_at: Instant | None = None


class Rotation(Body):
    """How long the secret that is current goes on beside the new one, in seconds: one of the two."""

    keep_old_until_quiet_for: QuietFor | None = None
    keep_old_for: KeepOldFor = DEFAULT_KEEP_OLD_FOR_S
    end_oldest: bool = False

    _one_of_two = field_validator("keep_old_for")(_is_not_beside_a_quiet_time)


class NewRevocation(Body):
    kind: RevocableKind
    id: TokenId
    until: Instant | None = None
    reason: Reason = ""

    @field_validator("id")
    @classmethod
    def _is_not_the_token(cls, id_: str, info: ValidationInfo) -> str:
        # What is named here is written to the audit trail: a secret must not be.
        if info.data.get("kind") == "session_token" and UUID_FORM.fullmatch(id_):
            raise ValueError("is a session token: name the id that the audit trail has of it")
        if info.data.get("kind") == "jwt" and id_.count(".") == 2 and id_.startswith("ey"):
            raise ValueError("is a JWT: name its jti")
        return id_


class Patch(Body):
    """Members that are not there stay as they are: no default is ever read."""

    model_config = ConfigDict(json_schema_extra=describe_patch)


class NamedPatch(Patch):
    name: Name = ""


class CompanyPatch(NamedPatch):
    limits: Limits | None = None


class ApplicationPatch(Patch):
    name: Name = ""
    scopes: Scopes = []
    report_only_scopes: Scopes = []


class BookingPatch(Patch):
    limits: Limits | None = None


class ApiTokenPatch(Patch):
    remote_application: Name = ""
    expires_at: Instant | None = None
    limits: Limits | None = None


class AccessKeyPatch(Patch):
    name: Name = ""
    default_ttl: Ttl = DEFAULT_TTL_S
    max_ttl: Ttl = DEFAULT_MAX_TTL_S
    expires_at: Instant | None = None
    limits: Limits | None = None


class ApiClientPatch(Patch):
    comment: Comment = ""
    scopes: Scopes = []
    audience: Audience | None = None
    expires_at: Instant | None = None
    limits: Limits | None = None


class KeyPairPatch(Patch):
    comment: OptionalComment = ""
    scopes: Scopes = []
    expires_at: Instant | None = None
    limits: Limits | None = None


class AdminTokenPatch(NamedPatch):
    expires_at: Instant | None = None


def check_default_ttl(row: Mapping[str, Any]) -> None:
    """Of an access key as it is to be stored. Raises `Unprocessable`."""
    if row["default_ttl"] > row["max_ttl"]:
        raise Unprocessable.field("default_ttl", f"must be at most max_ttl, which is {row['max_ttl']} seconds")


def check_report_only_scopes(row: Mapping[str, Any]) -> None:
    """Of an application as it is to be stored. Raises `Unprocessable`."""
    if not set(row["report_only_scopes"]) <= set(row["scopes"]):
        raise Unprocessable.field("report_only_scopes", "must be some of the application's scopes")
