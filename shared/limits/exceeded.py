"""What a limit that a call is beyond says: to its caller, and in the trace of the refusal."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

RateLimitFields = tuple[tuple[str, str], ...]


class LimitCause(StrEnum):
    RATE_EXCEEDED = "rate_exceeded"
    QUOTA_EXCEEDED = "quota_exceeded"
    ADDRESS_NOT_ALLOWED = "address_not_allowed"
    ROUTE_NOT_ALLOWED = "route_not_allowed"


@dataclass(frozen=True, slots=True)
class Exceeded:
    """A call is beyond a limit. `found` and `expected` are for the trace of its refusal."""

    cause: LimitCause
    limit: str
    """Which one: `rate of company <id>`."""
    description: str
    """For whoever calls."""
    found: str
    expected: str
    retry_after: int | None = None
    """Seconds; None where waiting does not help."""
    fields: RateLimitFields = ()


@dataclass(frozen=True, slots=True)
class OnlyReported:
    """Limits that a call is beyond and that are report-only: it goes on, and is counted."""

    exceeded: Sequence[Exceeded]
