"""What reading events needs of their storage; each method raises `Unavailable`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.key_registry.catalog.event_types import EventType
from services.key_registry.ports.events import Event


@dataclass(frozen=True, slots=True)
class KeptEvent:
    number: int
    """Grows with each event, in the order in which they became durable."""
    event: Event


@dataclass(frozen=True, slots=True)
class EventFilter:
    company_id: str | None = None
    type: EventType | None = None
    start: datetime | None = None
    """Those of this time or later."""
    end: datetime | None = None
    """Those from before this time."""


class EventStore(Protocol):
    async def newest(self, which: EventFilter, before: int | None, limit: int) -> Sequence[KeptEvent]:
        """The newest first, those with a number below `before` only."""
        ...

    async def prune(self, before: float) -> None:
        """Delete the events from before a time, in seconds since the epoch, and their deliveries."""
        ...
