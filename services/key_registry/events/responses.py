"""How an event is shown to admins."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from services.key_registry.catalog.event_types import EventType
from services.key_registry.catalog.field_types import Instant
from services.key_registry.catalog.responses import CompanyName
from services.key_registry.events.documentation import describe


class EventResponse(BaseModel):
    """What happened to a credential, or to what it depends on."""

    model_config = ConfigDict(json_schema_extra=describe)

    id: UUID
    type: EventType
    at: Instant
    company_id: str | None
    company: CompanyName | None
    request_id: str
    data: dict[str, Any]
    deleted: bool
