"""What would have been refused: counted by every process, kept by the key registry."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.documentation import Member, Members, describing
from shared.contracts.stored_text import StoredText
from shared.identifiers import UUID_FORM

MAX_COUNTS = 500
"""Of one batch."""
MAX_NAME_CHARACTERS = 200
OTHER = "other"
"""The name of what is counted together, where there are too many names."""
MAX_TRIAL_STOPS = 1_000
"""Objects whose stop is tried at a time."""
MAX_REPORT_ONLY_SCOPES = 1_000
"""Of all applications together; more of them are enforced."""
MAX_TIME_S = 253_402_300_799
"""The last second of the year 9999."""
ReportOnlyKind = Literal["route", "scope", "limit", "stop"]
"""What is report-only: a route, a scope that one needs, a limit, or the suspension or revocation of an object."""
_ID = "0190c0de-0000-7000-8000-000000000001"

MEMBERS: Members = {
    "id": Member("A UUID: a batch whose id is known already is not counted again.", _ID),
    "TrialStop.id": Member("The id of the object.", _ID),
    "counts": Member("At most 500.", []),
    "company_id": Member("The company whose calls these are; empty: a stranger's, or not known.", _ID),
    "cause": Member("Why they would have been refused: a word of docs/refusals.md.", "insufficient_scope"),
    "kind": Member("What is report-only: `route`, `scope`, `limit` or `stop`.", "route"),
    "name": Member("The name of the route, scope or limit, or the id of the object whose stop is tried.", "site"),
    "stops": Member("Those that are tried now, in no order.", []),
    "ReportOnlyList.scopes": Member("The scopes that are report-only, as applications define them.", ["sms:send"]),
    "status": Member("What the object would be: `suspended` or `revoked`.", "suspended"),
    "until": Member("When the trial ends, in seconds since the epoch.", 1795689000.0),
    "count": Member("How many calls.", 17),
    "first_at": Member("When the first of them came, in seconds since the epoch.", 1795685400.0),
    "last_at": Member("When the last of them came, in seconds since the epoch.", 1795685401.5),
    "last_request_id": Member("The id of the last of them.", "9f86d081884c7d659a2feaa0c55ad015"),
}


class Wire(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", json_schema_extra=describing(MEMBERS))


class ReportOnlyCount(Wire):
    """Calls that are alike. Holds no secret."""

    company_id: StoredText = Field(default="", max_length=64)
    cause: StoredText = Field(min_length=1, max_length=64)
    kind: ReportOnlyKind
    name: StoredText = Field(max_length=MAX_NAME_CHARACTERS)
    count: int = Field(ge=1, le=2**53, strict=True)
    first_at: float = Field(ge=0, le=MAX_TIME_S, strict=True)
    last_at: float = Field(ge=0, le=MAX_TIME_S, strict=True)
    last_request_id: StoredText = Field(default="", max_length=128)


class ReportOnlyBatch(Wire):
    id: str = Field(pattern=f"^{UUID_FORM.pattern}$")
    counts: tuple[ReportOnlyCount, ...] = Field(max_length=MAX_COUNTS)


class TrialStop(Wire):
    """An object that works on, while the calls that its suspension or revocation would end are counted."""

    id: str = Field(max_length=64)
    status: Literal["suspended", "revoked"]
    until: float = Field(ge=0, le=MAX_TIME_S, strict=True)


class ReportOnlyList(Wire):
    stops: tuple[TrialStop, ...] = Field(max_length=MAX_TRIAL_STOPS)
    scopes: tuple[str, ...] = Field(default=(), max_length=MAX_REPORT_ONLY_SCOPES)
