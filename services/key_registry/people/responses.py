"""How people, their sessions and invitations are shown."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.key_registry.catalog.field_types import Instant
from services.key_registry.catalog.permissions import AdminKind, Role
from services.key_registry.people.documentation import describe
from services.key_registry.people.invitations.ports import InvitationStatus
from services.key_registry.people.requests import ShownOnce
from shared.contracts.key_registry import Status


class PeopleResponse(BaseModel):
    model_config = ConfigDict(json_schema_extra=describe, from_attributes=True)


class InvitationResponse(PeopleResponse):
    id: UUID
    role: Role
    company_id: UUID | None
    email: str | None
    status: InvitationStatus
    created_at: Instant
    expires_at: Instant


class CreatedInvitation(InvitationResponse):
    token: ShownOnce
    path: ShownOnce
    url: str | None = Field(repr=False)


class InspectedInvitation(PeopleResponse):
    role: Role
    company_id: UUID | None
    company_name: str | None
    email: str | None
    invited_by: str | None
    expires_at: Instant


class SignedInPerson(PeopleResponse):
    id: UUID
    email: str
    role: Role
    company_id: UUID | None
    status: Status


class PersonResponse(SignedInPerson):
    second_factor: bool
    password_reset_until: Instant | None
    created_at: Instant
    updated_at: Instant


class CreatedSession(PeopleResponse):
    id: UUID
    token: ShownOnce
    created_at: Instant
    expires_at: Instant
    person: SignedInPerson


class SessionResponse(PeopleResponse):
    id: UUID
    created_at: Instant
    last_used_at: Instant
    expires_at: Instant
    address: str
    user_agent: str
    current: bool


class SessionList(PeopleResponse):
    items: list[SessionResponse]


class Me(PeopleResponse):
    kind: AdminKind
    id: UUID
    name: str
    role: Role
    company_id: UUID | None
