"""What the pages of operators need of the storage; each method raises `Unavailable`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from services.key_registry.catalog.expiry import EXPIRING_KINDS
from shared.contracts.key_registry import Kind, Status
from shared.contracts.usage.messages import Outcome

KINDS: tuple[Kind, ...] = tuple(kind for kind in EXPIRING_KINDS if kind != "admin_token")
"""Credentials of companies."""


@dataclass(frozen=True, slots=True)
class HourTotal:
    """Calls of all credentials in one hour."""

    at: datetime
    """The beginning of the hour."""
    calls: Mapping[tuple[Outcome, str], int]
    """By outcome and cause."""


@dataclass(frozen=True, slots=True)
class Follower:
    """A process that follows the changes. Times are seconds since the epoch."""

    service: str
    instance: str
    release: str | None
    """Of Passgate; None: it does not say."""
    joined_at: float
    reported_at: float
    position: int
    """The newest change of this history that it has applied; 0: none."""
    behind_since: float | None
    """When the oldest change that it has not applied was committed; None: it has applied all."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A suspension or a revocation in the change feed."""

    position: int
    kind: Kind
    id: str
    status: Status
    at: float
    """Seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class FirstSteps:
    """Whether there is any of each."""

    company: bool
    application: bool
    booking: bool
    credential: bool
    call: bool


@dataclass(frozen=True, slots=True)
class DatabaseVersion:
    server: str
    """Of PostgreSQL, as in 17.2."""
    schema: str
    """The newest migration."""


@dataclass(frozen=True, slots=True)
class CopyProgress:
    """A copy of the history outside the database."""

    name: str
    up: bool | None
    """None: it has not been written to yet."""
    reached: int | None
    """The newest change that it has; None: not known."""


class OperationsStore(Protocol):
    async def hours(self, since: datetime) -> Sequence[HourTotal]:
        """The newest first, those that begin at `since` or later and have calls."""
        ...

    async def expiring(self, after: datetime, until: datetime, limit: int) -> int:
        """How many credentials of companies end after one time and by the other; `limit` at most, none revoked."""
        ...

    async def first_steps(self) -> FirstSteps: ...

    async def last_change(self) -> int:
        """The position of the newest change; 0: there is none."""
        ...

    async def versions(self) -> DatabaseVersion: ...

    async def followers(self, reported_after: float, reported_until: float) -> Sequence[Follower]:
        """As `ConsumerStore.reached`, with how far each is: by service and instance."""
        ...

    async def stops(self, after: int, limit: int) -> Sequence[Stop]:
        """The newest first, those with a position above `after`; it looks at the newest changes alone."""
        ...


@dataclass(frozen=True, slots=True)
class ExpiryPlace:
    """Where a page ended. `tie` is of those that end at one moment."""

    expires_at: datetime
    tie: bytes


@dataclass(frozen=True, slots=True)
class Expiring:
    """A credential of a company that ends by itself."""

    kind: Kind
    id: UUID
    expires_at: datetime
    tie: bytes


class ExpiryStore(Protocol):
    """Of credentials that are not revoked; with a company, of that one alone. Each method raises `Unavailable`."""

    async def page(
        self, start: datetime, end: datetime, company_id: UUID | None, after: ExpiryPlace | None, limit: int
    ) -> Sequence[Expiring]:
        """Those that end from one time on and before the other, the first to end first."""
        ...

    async def days(
        self, start: datetime, end: datetime, company_id: UUID | None, limit: int
    ) -> Mapping[tuple[date, Kind], int]:
        """How many end on each day (UTC), of each kind the first `limit` to end."""
        ...
