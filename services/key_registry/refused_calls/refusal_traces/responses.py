"""How a refused call is shown to admins."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from services.key_registry.catalog.field_types import Instant
from services.key_registry.catalog.responses import CompanyName
from services.key_registry.refused_calls.refusal_traces.documentation import describe


class DecisionStep(BaseModel):
    model_config = ConfigDict(json_schema_extra=describe)

    process: str
    at: Instant
    check: str
    ok: bool
    found: str
    expected: str
    found_kind: str
    found_id: str


class DecisionResponse(BaseModel):
    """What a refused call met."""

    model_config = ConfigDict(json_schema_extra=describe)

    request_id: str
    at: Instant
    outcome: Literal["refused"]
    status: int
    cause: str
    route: str
    method: str
    path: str
    client: str
    credential_kind: str
    credential: str
    credential_name: str | None
    company_id: str | None
    company: CompanyName | None
    steps: list[DecisionStep]
