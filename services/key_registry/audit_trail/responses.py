"""How the audit trail is shown to admins."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from services.key_registry.audit_trail.documentation import describe
from services.key_registry.catalog.field_types import Instant
from services.key_registry.catalog.responses import CompanyName


class AuditLine(BaseModel):
    model_config = ConfigDict(json_schema_extra=describe)

    seq: int
    at: Instant
    action: str
    actor: str
    actor_name: str | None
    subject_kind: str
    subject: str
    subject_name: str | None
    company_id: str | None
    company: CompanyName | None
    request_id: str
    detail: dict[str, Any]
    previous_hash: str
    hash: str
    """SHA-256, hex, over the line's stored members and `previous_hash`."""
    erased: bool


class ArchivedMonth(BaseModel):
    model_config = ConfigDict(json_schema_extra=describe)

    month: str
    first_seq: int
    last_seq: int
    file: str
    sha256: str


class AuditPageResponse(BaseModel):
    model_config = ConfigDict(json_schema_extra=describe)

    items: list[AuditLine]
    next_cursor: str | None
    archived_months: list[ArchivedMonth]


class AuditCheckpoint(BaseModel):
    model_config = ConfigDict(json_schema_extra=describe)

    count: int
    head: str
    at: Instant
    epoch: str
    jws: str


class AuditKeys(BaseModel):
    """A JWK Set (RFC 7517)."""

    model_config = ConfigDict(json_schema_extra=describe)

    keys: list[dict[str, str]]
