"""What the rules of usage need of their storage; each method raises `Unavailable`."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from shared.contracts.key_registry import Kind
from shared.contracts.usage.messages import IssuedWhat, Outcome, UsageBatch

By = Literal["hour", "day", "month", "total"]
"""`total`: all days from the start on are one period, which begins at the start."""
Group = Literal["company_id", "credential_id", "route"]
Distinct = Literal["address", "user"]
HOURS_KEPT_S = 35 * 86400.0
"""Seconds for which calls are known by the hour; after that by the day."""
DAYS_KEPT_S = 1100 * 86400.0
ADDRESSES_KEPT_S = 8 * 86400.0
"""Of distinct addresses, which are for the last week alone."""
SILENT_AFTER_S = 60.0
"""Seconds without a batch after which a process that follows no changes any more has died: what it had not reported
is lost."""
SOURCES_KEPT_S = 30 * 86400.0
"""Of silence, before a process that counts is forgotten."""


@dataclass(frozen=True, slots=True)
class UsageFilter:
    start: datetime
    end: datetime
    """Periods that begin before this time."""
    company_id: UUID | None = None
    credential_ids: Collection[UUID] | None = None
    route: str | None = None


@dataclass(frozen=True, slots=True)
class UsageQuery:
    by: By
    which: UsageFilter
    groups: Sequence[Group] = ()


@dataclass(frozen=True, slots=True)
class UsageRow:
    at: datetime
    """The beginning of its period."""
    group: Mapping[Group, UUID | str | None]
    calls: Mapping[tuple[Outcome, str], int]
    """By outcome and cause."""


@dataclass(frozen=True, slots=True)
class Live:
    """Of some credentials, together."""

    tokens: Mapping[IssuedWhat, int] = field(default_factory=dict)
    """That were issued and have not expired."""
    last_used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Dependent:
    """How many objects of a kind depend on another one, but for those that are revoked."""

    kind: Kind
    active: int
    suspended: int


@dataclass(frozen=True, slots=True)
class ScopedCredential:
    """An API client or a key pair."""

    kind: Kind
    id: UUID
    scopes: Sequence[str]
    active: bool
    """Whether it works, as far as that depends on itself."""
    suspended: bool


class DependentStore(Protocol):
    """Each with a `company_id` for those of that company alone; what is revoked depends on nothing."""

    async def dependents(self, kind: Kind, id_: UUID, company_id: UUID | None) -> Sequence[Dependent]:
        """Of every kind that names the object as what it belongs to."""
        ...

    async def api_tokens(self, kind: Kind, id_: UUID, company_id: UUID | None) -> Sequence[UUID]:
        """Of a booking or an application."""
        ...

    async def scoped(self, kind: Kind, id_: UUID, company_id: UUID | None) -> Sequence[ScopedCredential]:
        """API clients and key pairs of the companies that the booking, or the application's bookings, are of."""
        ...


class UsageStore(Protocol):
    async def add(self, batch: UsageBatch) -> int:
        """Add all of it, unless it was added before. How many of its calls were by no credential that exists."""
        ...

    async def rows(self, query: UsageQuery, limit: int, offset: int) -> Sequence[UsageRow]:
        """The newest periods first, and in a period by its groups; of a total those with the most calls first."""
        ...

    async def sketches(
        self, query: UsageQuery, what: Distinct, limit: int
    ) -> Sequence[tuple[datetime, Mapping[Group, UUID | str | None], bytes]]:
        """Of each period and group (none by route); at most `limit` of them."""
        ...

    async def calls(self, which: UsageFilter) -> int:
        """Of whole hours, but for those that were refused."""
        ...

    async def live(self, which: UsageFilter) -> Live: ...

    async def prune(self, now: float) -> None:
        """Delete what is older than it is kept, and note what was lost with processes that have died."""
        ...
