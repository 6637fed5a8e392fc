"""How the overview and the state of the system are shown to operators."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from services.key_registry.catalog.effective_status import EffectiveStatus
from services.key_registry.catalog.field_types import Instant
from services.key_registry.catalog.responses import CompanyName
from services.key_registry.operations.documentation import describe
from services.key_registry.usage.responses import CallsByOutcome
from shared.contracts.key_registry import Kind, Status


class CallsOfHour(BaseModel):
    model_config = ConfigDict(json_schema_extra=describe)

    period: Instant
    calls: CallsByOutcome
    refusals: dict[str, int]


class ExpiringCredentials(BaseModel):
    model_config = ConfigDict(json_schema_extra=describe)

    until: Instant
    credentials: int
    more: bool


class StopInFlight(BaseModel):
    """A suspension or a revocation that some process has not applied yet."""

    model_config = ConfigDict(json_schema_extra=describe)

    receipt: int
    kind: Kind
    subject: str
    subject_name: str | None
    status: Status
    at: Instant
    applied: int
    of: int


class ServiceProgress(BaseModel):
    """The processes of one service that follow the changes."""

    model_config = ConfigDict(json_schema_extra=describe)

    service: str
    instances: int
    behind: int
    behind_since: Instant | None


class FirstStepsTaken(BaseModel):
    model_config = ConfigDict(json_schema_extra=describe)

    company: bool
    application: bool
    booking: bool
    credential: bool
    call: bool


class OverviewResponse(BaseModel):
    """What an operator looks at first."""

    model_config = ConfigDict(json_schema_extra=describe)

    as_of: Instant
    hours: list[CallsOfHour]
    expiring: ExpiringCredentials
    in_flight: list[StopInFlight]
    services: list[ServiceProgress]
    there_is: FirstStepsTaken


class FollowerResponse(BaseModel):
    """A process that follows the changes."""

    model_config = ConfigDict(json_schema_extra=describe)

    service: str
    instance: str
    release: str | None
    joined_at: Instant
    reported_at: Instant
    behind: int
    behind_since: Instant | None


class DependencyResponse(BaseModel):
    """What the registry depends on."""

    model_config = ConfigDict(json_schema_extra=describe)

    name: str
    state: Literal["up", "down"]
    required: bool
    latency_ms: float
    reason: str | None


class HistoryCopyResponse(BaseModel):
    model_config = ConfigDict(json_schema_extra=describe)

    name: str
    state: Literal["up", "down", "unknown"]
    behind: int | None


class RestoreResponse(BaseModel):
    """The last time that the database was found set back."""

    model_config = ConfigDict(json_schema_extra=describe)

    at: Instant
    lost_changes: int
    lost_audit_lines: int
    objects: int
    complete: bool


class CheckpointState(BaseModel):
    model_config = ConfigDict(json_schema_extra=describe)

    at: Instant
    count: int
    lines_since: int


class AuditState(BaseModel):
    model_config = ConfigDict(json_schema_extra=describe)

    lines: int
    checkpoint: CheckpointState | None


class SystemResponse(BaseModel):
    """What the platform runs on, as the registry that responds sees it."""

    model_config = ConfigDict(json_schema_extra=describe)

    as_of: Instant
    position: int
    followers: list[FollowerResponse]
    dependencies: list[DependencyResponse]
    release: str
    database_version: str
    schema_revision: str
    history_copies: list[HistoryCopyResponse]
    restore: RestoreResponse | None
    audit: AuditState


class VerifiedPartResponse(BaseModel):
    """A part of the audit trail that was verified."""

    model_config = ConfigDict(json_schema_extra=describe)

    after: int
    seq: int
    head: str
    lines: int
    in_files: int
    checkpoints: int
    intact: bool
    broken_at: int | None
    problem: str | None
    done: bool


class ExpiryResponse(BaseModel):
    """A credential of a company that ends by itself."""

    model_config = ConfigDict(json_schema_extra=describe)

    kind: Kind
    id: UUID
    name: str | None
    last_four: str | None
    company_id: UUID
    company: CompanyName | None
    status: Status
    effective_status: EffectiveStatus
    created_at: Instant
    expires_at: Instant
    last_used_at: Instant | None


class ExpiryDay(BaseModel):
    model_config = ConfigDict(json_schema_extra=describe)

    day: date
    credentials: int
    kinds: dict[Kind, int]


class ExpiryDays(BaseModel):
    model_config = ConfigDict(json_schema_extra=describe)

    items: list[ExpiryDay]
    counted_until: date | None
