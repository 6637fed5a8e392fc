"""Events and notices of expiry as they are written, in the transaction of what they report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from services.key_registry.catalog.event_types import EventType
from shared.contracts.key_registry import Kind


@dataclass(frozen=True, slots=True)
class Event:
    id: UUID
    """Of version 7. Deliveries have it as `webhook-id`."""
    type: EventType
    at: datetime
    company_id: str | None
    """None: it concerns the operator alone."""
    request_id: str
    data: Mapping[str, Any]
    """JSON, without a secret."""


@dataclass(frozen=True, slots=True)
class Expiring:
    """A credential that ends by itself."""

    kind: Kind
    id: UUID
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ExpiryNotice:
    """The next notice of a credential's expiry; each credential has one at most."""

    credential: Expiring
    days: int
    """How long before the expiry it is due."""
    due_at: datetime


class EventReader(Protocol):
    async def unscheduled(self, after: datetime, limit: int) -> Sequence[Expiring]:
        """Credentials that expire later than `after` whose expiry has no notice; not those that are revoked."""
        ...

    async def due_notices(self, now: datetime, limit: int) -> Sequence[ExpiryNotice]:
        """The oldest first."""
        ...


class EventWriter(EventReader, Protocol):
    async def append_event(self, event: Event, once: str | None) -> bool:
        """False, and nothing is written, where one was written with this `once` and is kept."""
        ...

    async def schedule_notice(self, notice: ExpiryNotice) -> None:
        """Instead of the one that its credential had."""
        ...

    async def cancel_notice(self, credential_id: UUID) -> None: ...
