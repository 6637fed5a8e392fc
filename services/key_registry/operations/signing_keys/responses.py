"""The response of `GET /admin/v1/signing-keys`."""

from pydantic import BaseModel, ConfigDict

from services.key_registry.catalog.field_types import Instant
from services.key_registry.operations.signing_keys.documentation import describe
from shared.contracts.signing_keys import SigningKeyState


class SigningKeyAtGateway(BaseModel):
    model_config = ConfigDict(json_schema_extra=describe)

    instance: str
    has_key: bool | None


class SigningKeyResponse(BaseModel):
    model_config = ConfigDict(json_schema_extra=describe)

    kid: str
    algorithm: str
    state: SigningKeyState
    published_at: Instant
    confirmed_at: Instant | None
    signing_since: Instant | None
    retiring_since: Instant | None
    retired_at: Instant | None
    revoked_at: Instant | None
    gateways: list[SigningKeyAtGateway]
    waiting_for: list[str]


class SigningKeysResponse(BaseModel):
    """All of them on one page."""

    model_config = ConfigDict(json_schema_extra=describe)

    items: list[SigningKeyResponse]
    next_cursor: None
    next_rotation_at: Instant | None
    as_of: Instant | None
