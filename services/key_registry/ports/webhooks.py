"""Webhooks as they are changed, in the transaction of whatever else is."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol
from uuid import UUID

from services.key_registry.catalog.event_types import EventType

DeliveryState = Literal["pending", "delivered", "dead"]


@dataclass(frozen=True, slots=True)
class Webhook:
    id: UUID
    company_id: UUID | None
    """None: the operator's, which gets the events of all companies."""
    name: str
    url: str
    types: tuple[EventType, ...]
    """Empty: all."""
    enabled: bool
    created_at: datetime
    updated_at: datetime
    sealed_secret: bytes = field(repr=False)
    previous_sealed_secret: bytes | None = field(default=None, repr=False)
    previous_secret_until: datetime | None = None
    """Until then deliveries are signed with the one before as well."""
    failing_since: datetime | None = None
    last_delivered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    at: datetime
    status: int | None
    """None where there was no response."""
    error: str | None
    """A word for what went wrong; None for a 2xx."""
    ms: int

    def as_json(self) -> dict[str, Any]:
        return {"at": self.at.isoformat(), "status": self.status, "error": self.error, "ms": self.ms}


class WebhookWriter(Protocol):
    async def find_webhook(self, id_: UUID) -> Webhook | None: ...

    async def count_webhooks(self, company_id: UUID | None) -> int: ...

    async def insert_webhook(self, webhook: Webhook) -> None: ...

    async def update_webhook(self, webhook: Webhook) -> None:
        """Write what an admin may change, and let it be tried at once."""
        ...

    async def delete_webhook(self, id_: UUID) -> None:
        """And its deliveries."""
        ...

    async def replay_delivery(self, webhook_id: UUID, delivery_id: int, now: datetime) -> bool:
        """Let it be tried at once and for three days, whatever has become of it. False: there is none."""
        ...
