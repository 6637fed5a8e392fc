"""What the admin API takes of portal sessions, how it shows them, and what OpenAPI says of their members."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.key_registry.catalog.documentation.members import describing
from services.key_registry.catalog.field_types import Instant, Name
from services.key_registry.catalog.permissions import Role
from services.key_registry.catalog.requests import Body
from services.key_registry.people.documentation import PEOPLE_MEMBERS
from services.key_registry.people.portal.ports import PortalStatus
from services.key_registry.people.requests import AnyRole, ShownOnce, Token
from shared.contracts.documentation import Member, Members

DEFAULT_LINK_LIFE_S, MAX_LINK_LIFE_S = 300, 3600
DEFAULT_SESSION_LIFE_S, MIN_SESSION_LIFE_S, MAX_SESSION_LIFE_S = 14_400, 60, 86_400

_ID = "0190c0de-0000-7000-8000-000000000001"
_AT = "2026-11-26T09:30:00Z"
_TOKEN = "pgpl_" + "A" * 43 + "1AbC2d"
PORTAL_MEMBERS: Members = {
    "role": Member("`viewer` (reads), `editor` (also changes) or `owner` (also people).", "editor"),
    "name": Member("What you call whoever it is for; shown beside what they did.", "jo@blabla.example"),
    "expires_in": Member("Seconds for which the link can be followed.", DEFAULT_LINK_LIFE_S),
    "session_lifetime": Member(
        "Seconds after which the session ends in any case, from when the link is followed.", DEFAULT_SESSION_LIFE_S
    ),
    "company_id": Member("The company that the session is bound to.", _ID),
    "PortalSessionResponse.status": Member(
        "`waiting` (for the link to be followed), `open`, `ended` or `expired`.", "waiting"
    ),
    "expires_at": Member("Until when the link can be followed; then until when the session lasts.", _AT),
    "opened_at": Member("When the link was followed (RFC 3339).", None),
    "last_used_at": Member("When the session was last used, to the minute.", None),
    "PortalLink.token": Member("What the link ends with.", _TOKEN),
    "CreatedPortalSession.token": Member("What the link ends with, shown this once.", _TOKEN),
    "CreatedPortalSession.path": Member(
        "The console's page that follows it, shown this once.", f"/portal-links/{_TOKEN}"
    ),
    "CreatedPortalSession.url": Member(
        "The link to send a browser to. null unless `PASSGATE_CONSOLE_URL` is set.",
        f"https://console.example/portal-links/{_TOKEN}",
    ),
    "OpenedPortalSession.token": Member(
        "The bearer token of the session, shown this once.", "pgps_" + "A" * 43 + "1AbC2d"
    ),
    "InspectedPortalSession.company_name": Member("The name of the company.", "BlaBla"),
}

describe = describing(PORTAL_MEMBERS, PEOPLE_MEMBERS)


class NewPortalSession(Body):
    model_config = ConfigDict(json_schema_extra=describe)

    name: Name
    role: AnyRole = Role.EDITOR
    expires_in: Annotated[int, Field(ge=1, le=MAX_LINK_LIFE_S)] = DEFAULT_LINK_LIFE_S
    session_lifetime: Annotated[int, Field(ge=MIN_SESSION_LIFE_S, le=MAX_SESSION_LIFE_S)] = DEFAULT_SESSION_LIFE_S


class PortalLink(Body):
    model_config = ConfigDict(json_schema_extra=describe)

    token: Token


class PortalResponse(BaseModel):
    model_config = ConfigDict(json_schema_extra=describe, from_attributes=True)


class PortalSessionResponse(PortalResponse):
    id: UUID
    company_id: UUID
    role: Role
    name: str
    status: PortalStatus
    created_at: Instant
    opened_at: Instant | None
    last_used_at: Instant | None
    expires_at: Instant
    address: str
    user_agent: str


class CreatedPortalSession(PortalSessionResponse):
    token: ShownOnce
    path: ShownOnce
    url: str | None = Field(repr=False)


class InspectedPortalSession(PortalResponse):
    company_name: str
    role: Role
    name: str
    expires_at: Instant


class OpenedPortalSession(PortalResponse):
    id: UUID
    token: ShownOnce
    company_id: UUID
    role: Role
    name: str
    created_at: Instant
    expires_at: Instant
