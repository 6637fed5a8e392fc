"""How usage is shown to admins."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from services.key_registry.catalog.effective_status import EffectiveStatus, StatusReason
from services.key_registry.catalog.field_types import Instant
from services.key_registry.catalog.responses import CompanyName
from services.key_registry.usage.documentation import describe
from shared.contracts.key_registry import Kind, Status


class CallsByOutcome(BaseModel):
    model_config = ConfigDict(json_schema_extra=describe)

    accepted: int = 0
    refused: int = 0
    failed: int = 0


class ImpactWindow(BaseModel):
    model_config = ConfigDict(json_schema_extra=describe)

    since: Instant
    calls: int
    addresses: int | None


class DependentResponse(BaseModel):
    model_config = ConfigDict(json_schema_extra=describe)

    kind: Kind
    active: int
    suspended: int


class ImpactResponse(BaseModel):
    """What a stop of the object would stop."""

    model_config = ConfigDict(json_schema_extra=describe)

    id: UUID
    kind: Kind
    status: Status
    effective_status: EffectiveStatus
    status_reason: StatusReason | None
    live_jwts: int
    live_session_tokens: int
    last_used_at: Instant | None
    hour: ImpactWindow
    day: ImpactWindow
    week: ImpactWindow
    dependents: list[DependentResponse]


class UsageResponse(BaseModel):
    """Calls of one period, of one group where they are grouped."""

    model_config = ConfigDict(json_schema_extra=describe)

    period: Instant
    company_id: UUID | None
    company: CompanyName | None
    credential_id: UUID | None
    credential_kind: Kind | None
    credential_name: str | None
    route: str | None
    calls: CallsByOutcome
    refusals: dict[str, int]
    failures: dict[str, int]
    distinct_users: int | None


class CredentialDays(BaseModel):
    """Calls of one credential, by day."""

    model_config = ConfigDict(json_schema_extra=describe)

    credential_id: UUID
    first_day: date
    days: list[CallsByOutcome]


class CredentialDaysResponse(BaseModel):
    model_config = ConfigDict(json_schema_extra=describe)

    items: list[CredentialDays]
