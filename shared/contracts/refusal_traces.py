"""What a refused call met: reported by every process, kept by the key registry."""

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.documentation import Member, Members, describing
from shared.contracts.stored_text import StoredText

MAX_TEXT_CHARACTERS = 200
MAX_STEPS = 16
MAX_TRACES = 200
"""Of one batch."""
MAX_TIME_S = 253_402_300_799
"""The last second of the year 9999."""
_ID = "0190c0de-0000-7000-8000-000000000001"

MEMBERS: Members = {
    "request_id": Member("The id of the request, which its response named.", "9f86d081884c7d659a2feaa0c55ad015"),
    "at": Member("When, in seconds since the epoch.", 1795685400.0),
    "service": Member("The deployable whose process it was.", "gateway"),
    "process": Member("The process that checked.", "gateway@host:17"),
    "route": Member("The route of the route file, or the endpoint of a service.", "site"),
    "method": Member("The request's method.", "GET"),
    "path": Member("The request's path without its query; what may be a secret is replaced.", "/v2.0/site"),
    "status": Member("The status of the response.", 401),
    "cause": Member("Why: a word of docs/refusals.md.", "expired"),
    "client": Member("The client's address; of IPv6 its /64.", "192.0.2.7"),
    "credential_kind": Member("The kind of credential; empty: none, or not known.", "api_client"),
    "credential": Member(
        "Its public id; of one that nobody knows, the prefix that names the kind, or the `kid`.",
        "pgck_4uVbJm2Qk8ZsX1cT7yNdWa",
    ),
    "company_id": Member("The company whose credential it is; null: not known.", _ID),
    "steps": Member("The checks in order, up to the one that failed.", []),
    "check": Member("What was checked.", "times"),
    "ok": Member("Whether it was as expected.", False),
    "found": Member("What there was; what may be a secret is replaced.", "exp was 400 s ago"),
    "expected": Member("What there has to be.", "a time that has not passed"),
    "found_kind": Member(
        "What `found` is, for machines. Of what was sent in the place of another kind: its prefix (`pgat_`), "
        "or `session_token`, `kid`, `jwt`, `client_prefix`, `access_token` or `assertion`. Of what is stopped or "
        "expired: its kind. Empty: neither, or a process of the release before wrote it.",
        "api_client",
    ),
    "found_id": Member(
        "The id of what is stopped or expired, with `_v` and the number for one secret of it. Empty: nothing is.",
        _ID,
    ),
    "traces": Member("At most 200.", []),
}


def _is_empty(text: str) -> bool:
    """Of members that few steps have: the others are sent and kept without them, as releases before wrote them."""
    return not text


class Wire(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", json_schema_extra=describing(MEMBERS))


class TraceStep(Wire):
    check: str = Field(max_length=64)
    ok: bool = Field(strict=True)
    found: str = Field(default="", max_length=MAX_TEXT_CHARACTERS)
    expected: str = Field(default="", max_length=MAX_TEXT_CHARACTERS)
    found_kind: str = Field(default="", max_length=64, exclude_if=_is_empty)
    found_id: str = Field(default="", max_length=MAX_TEXT_CHARACTERS, exclude_if=_is_empty)


class RefusalTrace(Wire):
    """Holds no secret and no body."""

    request_id: StoredText = Field(max_length=128)
    at: float = Field(ge=0, le=MAX_TIME_S, strict=True)
    service: StoredText = Field(default="", max_length=64)
    process: StoredText = Field(default="", max_length=MAX_TEXT_CHARACTERS)
    route: StoredText = Field(max_length=MAX_TEXT_CHARACTERS)
    method: StoredText = Field(default="", max_length=32)
    path: StoredText = Field(default="", max_length=MAX_TEXT_CHARACTERS)
    status: int = Field(ge=0, le=999, strict=True)
    cause: StoredText = Field(max_length=64)
    client: StoredText = Field(default="", max_length=64)
    credential_kind: StoredText = Field(default="", max_length=64)
    credential: StoredText = Field(default="", max_length=MAX_TEXT_CHARACTERS)
    company_id: StoredText | None = Field(default=None, max_length=64)
    steps: tuple[TraceStep, ...] = Field(default=(), max_length=MAX_STEPS)

    @property
    def source(self) -> str:
        """Whose refusals are sampled together: those of a credential that is known, else of a client's address."""
        return self.client if self.company_id is None else f"{self.credential_kind}:{self.credential}"


class TraceBatch(Wire):
    traces: tuple[RefusalTrace, ...] = Field(max_length=MAX_TRACES)
