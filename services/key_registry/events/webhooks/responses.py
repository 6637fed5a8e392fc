"""How webhooks and their deliveries are shown to admins."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict

from services.key_registry.catalog.event_types import EventType
from services.key_registry.catalog.field_types import Instant
from services.key_registry.catalog.responses import CompanyName
from services.key_registry.events.webhooks.documentation import describe
from services.key_registry.ports.webhooks import DeliveryState


class WebhookResponse(BaseModel):
    model_config = ConfigDict(json_schema_extra=describe)

    id: UUID
    company_id: UUID | None
    company: CompanyName | None
    name: str
    url: str
    types: list[EventType]
    enabled: bool
    created_at: Instant
    updated_at: Instant
    previous_secret_until: Instant | None
    failing_since: Instant | None
    last_delivered_at: Instant | None


class CreatedWebhook(WebhookResponse):
    secret: str


class AttemptResponse(BaseModel):
    """One request to the webhook's URL."""

    model_config = ConfigDict(json_schema_extra=describe)

    at: Instant
    status: int | None
    error: str | None
    ms: int


class DeliveryResponse(BaseModel):
    """One event on its way to one webhook."""

    model_config = ConfigDict(json_schema_extra=describe)

    id: int
    event_id: UUID
    event_type: EventType
    state: DeliveryState
    created_at: Instant
    next_attempt_at: Instant | None
    finished_at: Instant | None
    attempts: list[AttemptResponse]
