"""What the admin API takes of password resets, how it shows them, and what OpenAPI says of their members."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.key_registry.catalog.documentation.members import describing
from services.key_registry.catalog.field_types import Instant
from services.key_registry.catalog.requests import Body
from services.key_registry.people.documentation import PEOPLE_MEMBERS
from services.key_registry.people.requests import NewPassword, ShownOnce, Token
from shared.contracts.documentation import Member, Members

DEFAULT_RESET_LIFE_S, MAX_RESET_LIFE_S = 14_400, 86_400

_ID = "0190c0de-0000-7000-8000-000000000001"
_AT = "2026-11-26T13:30:00Z"
_TOKEN = "pgpr_" + "A" * 43 + "1AbC2d"
PASSWORD_RESET_MEMBERS: Members = {
    "expires_in": Member("Seconds for which the link works.", DEFAULT_RESET_LIFE_S),
    "CreatedPasswordReset.id": Member("As the audit trail names it when the link is used.", _ID),
    "person_id": Member("Whose password it sets.", _ID),
    "expires_at": Member("Until when the link works (RFC 3339).", _AT),
    "CreatedPasswordReset.token": Member("What the link ends with, shown this once.", _TOKEN),
    "path": Member("The console's page that the link leads to, shown this once.", f"/password-resets/{_TOKEN}"),
    "url": Member(
        "The link to give to the person. null unless `PASSGATE_CONSOLE_URL` is set.",
        f"https://console.example/password-resets/{_TOKEN}",
    ),
    "PasswordResetToken.token": Member("What the link ends with.", _TOKEN),
    "PasswordByLink.token": Member("What the link ends with.", _TOKEN),
    "password": Member("The new one: 12 to 1024 characters, and not the e-mail address.", "another horse battery"),
}

describe = describing(PASSWORD_RESET_MEMBERS, PEOPLE_MEMBERS)


class _Body(Body):
    model_config = ConfigDict(json_schema_extra=describe)


class _Shown(BaseModel):
    model_config = ConfigDict(json_schema_extra=describe, from_attributes=True)


class NewPasswordReset(_Body):
    expires_in: Annotated[int, Field(ge=1, le=MAX_RESET_LIFE_S)] = DEFAULT_RESET_LIFE_S


class PasswordResetToken(_Body):
    token: Token


class PasswordByLink(_Body):
    token: Token
    password: NewPassword = Field(repr=False)


class CreatedPasswordReset(_Shown):
    id: UUID
    person_id: UUID
    email: str
    created_at: Instant
    expires_at: Instant
    token: ShownOnce
    path: ShownOnce
    url: str | None = Field(repr=False)


class InspectedPasswordReset(_Shown):
    email: str
    expires_at: Instant
