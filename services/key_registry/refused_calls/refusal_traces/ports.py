"""What the rules of refusal traces need of their storage; each method raises `Unavailable`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shared.contracts.refusal_traces import RefusalTrace

KEPT_S = 7 * 86400.0
"""Seconds for which a trace is kept, unless a ring is full before."""
SEGMENTS = 8
"""Of a ring: each for a day at most, so that seven days are whole while the eighth is filled."""
RINGS = 2
"""One of credentials that are known, and one of strangers, who cannot take the place of the others."""


@dataclass(frozen=True, slots=True)
class TraceFilter:
    company_id: str | None = None
    cause: str | None = None
    credential: str | None = None
    start: datetime | None = None
    """Those of this time or later."""
    end: datetime | None = None
    """Those from before this time."""


@dataclass(frozen=True, slots=True)
class KeptTrace:
    number: int
    """Grows with each trace."""
    trace: RefusalTrace


class TraceStore(Protocol):
    async def add(self, traces: Sequence[RefusalTrace], *, known: bool, segment_bytes: int) -> None:
        """Add to the newest segment of its ring; the oldest is emptied for it when that has `segment_bytes`."""
        ...

    async def turn(self) -> None:
        """Begin new segments where the newest are a day old, so that what is over leaves without new traces."""
        ...

    async def of_request(self, request_id: str, company_id: str | None, limit: int) -> Sequence[KeptTrace]:
        """Those of a request, the oldest first; with a `company_id`, those of that company alone."""
        ...

    async def newest(self, which: TraceFilter, before: int | None, limit: int) -> Sequence[KeptTrace]:
        """The newest first, those with a number below `before` only."""
        ...
