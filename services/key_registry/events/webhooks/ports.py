"""What delivering and reading webhooks need of their storage; each method raises `Unavailable`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from services.key_registry.catalog.event_types import EventType
from services.key_registry.ports.events import Event
from services.key_registry.ports.webhooks import Attempt, DeliveryState, Webhook


@dataclass(frozen=True, slots=True)
class KeptDelivery:
    id: int
    event_id: UUID
    event_type: EventType
    state: DeliveryState
    created_at: datetime
    next_attempt_at: datetime | None
    finished_at: datetime | None
    attempts: Sequence[Mapping[str, Any]]
    """The oldest first, as `Attempt.as_json` has them."""


@dataclass(frozen=True, slots=True)
class ClaimedWebhook:
    """One that this process alone delivers to for a while."""

    id: UUID
    url: str
    failures: int
    """Attempts, one after the other, that have failed."""
    sealed_secret: bytes = field(repr=False)
    previous_sealed_secret: bytes | None = field(repr=False)
    previous_secret_until: datetime | None


@dataclass(frozen=True, slots=True)
class DueDelivery:
    id: int
    webhook: ClaimedWebhook
    """As it is now: it may have been changed since it was claimed."""
    event: Event
    client_prefix: str | None
    """Of the company that the event concerns."""
    tries: int
    """Attempts since it began, or since it was replayed."""
    give_up_at: datetime | None
    """None before its first attempt."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of an attempt, for the delivery and for its webhook. With `next_attempt_at` None the delivery has ended."""

    attempt: Attempt
    state: DeliveryState
    next_attempt_at: datetime | None
    give_up_at: datetime | None
    pause: timedelta | None
    """How long nothing is sent to the webhook; None after a success."""


@dataclass(frozen=True, slots=True)
class Finished:
    mine: bool
    """False where the webhook is no longer this process's."""
    given_up: int
    """Deliveries beside this one."""


class WebhookStore(Protocol):
    async def find(self, id_: UUID) -> Webhook | None: ...

    async def newest(self, company_id: UUID | None, before: UUID | None, limit: int) -> Sequence[Webhook]:
        """All, or those of a company."""
        ...

    async def deliveries(
        self,
        webhook_id: UUID,
        before: int | None,
        limit: int,
        *,
        state: DeliveryState | None,
        event_id: UUID | None,
    ) -> Sequence[KeptDelivery]:
        """The newest first."""
        ...

    async def delivery(self, webhook_id: UUID, delivery_id: int) -> KeptDelivery | None: ...


class DeliveryQueue(Protocol):
    """What is to be delivered. A webhook is one process's at a time, by a lease that a killed one leaves to end."""

    async def claim(self, now: datetime, limit: int, *, proven: bool) -> Sequence[ClaimedWebhook]:
        """Webhooks that something is due for: of those that accepted the last delivery, or of the others.

        First those that were tried longest ago, or never.
        """
        ...

    async def next_due(self, webhook_id: UUID, now: datetime) -> DueDelivery | None:
        """None also where the webhook is no longer this process's, or is disabled."""
        ...

    async def finish(self, due: DueDelivery, outcome: Outcome) -> Finished:
        """Keep what came of an attempt, unless the delivery was replayed meanwhile.

        Gives up all that has waited for three days for a webhook that has failed for as long.
        """
        ...

    async def release(self, webhook_id: UUID | None = None) -> None:
        """Leave a webhook, or all that this process has, to others."""
        ...
