"""How the counts of calls that would have been refused are shown to admins."""

from datetime import date
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict

from services.key_registry.catalog.field_types import Instant
from services.key_registry.catalog.responses import CompanyName
from services.key_registry.ports.trials import BegunBy, Trial
from services.key_registry.refused_calls.report_only.documentation import describe
from shared.contracts.key_registry import Kind
from shared.contracts.report_only import ReportOnlyKind


class StopTrial(BaseModel):
    """A stop that is tried: the object works on."""

    model_config = ConfigDict(json_schema_extra=describe)

    status: Literal["suspended", "revoked"]
    until: Instant
    begun_by: BegunBy | None

    @classmethod
    def of(cls, trial: Trial) -> Self:
        return cls(status=trial.status, until=trial.until, begun_by=trial.begun_by)


class TrialResponse(BaseModel):
    """Which stop of an object is tried now."""

    model_config = ConfigDict(json_schema_extra=describe)

    trial: StopTrial | None


class ReportOnlyResponse(BaseModel):
    """Calls of one day that are alike."""

    model_config = ConfigDict(json_schema_extra=describe)

    day: date
    company_id: str | None
    company: CompanyName | None
    cause: str
    kind: ReportOnlyKind
    name: str
    object_kind: Kind | None
    object_name: str | None
    count: int
    first_at: Instant
    last_at: Instant
    last_request_id: str
