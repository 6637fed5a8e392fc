"""What the admin API takes of people, of invitations and of those who sign in."""

from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field

from services.key_registry.catalog.field_types import Reference
from services.key_registry.catalog.permissions import Role
from services.key_registry.catalog.requests import Body
from services.key_registry.people.documentation import describe
from services.key_registry.people.emails import MAX_EMAIL_CHARACTERS, parse_email
from services.key_registry.people.passwords import MAX_PASSWORD_CHARACTERS, MIN_PASSWORD_CHARACTERS

DEFAULT_INVITATION_LIFE_S = 604_800
MAX_INVITATION_LIFE_S = 2_592_000
MAX_TOKEN_CHARACTERS = 255

AnyRole = Annotated[Role, Field(strict=False)]
Email = Annotated[
    str,
    AfterValidator(parse_email),
    Field(json_schema_extra={"format": "email", "maxLength": MAX_EMAIL_CHARACTERS}),
]
NewPassword = Annotated[
    str,
    Field(json_schema_extra={"minLength": MIN_PASSWORD_CHARACTERS, "maxLength": MAX_PASSWORD_CHARACTERS}),
]
"""Its limits are checked together with the e-mail."""
Token = Annotated[str, Field(max_length=MAX_TOKEN_CHARACTERS, repr=False)]
ShownOnce = Annotated[str, Field(repr=False)]
"""A secret, or what contains one, in a response."""
PasswordAttempt = Annotated[str, Field(max_length=MAX_PASSWORD_CHARACTERS)]
"""A password that may be the right one."""


class PeopleBody(Body):
    model_config = ConfigDict(json_schema_extra=describe)


class NewInvitation(PeopleBody):
    """`company_id` null: for one of the operator's people."""

    role: AnyRole
    company_id: Reference | None = None
    email: Email | None = None
    expires_in: Annotated[int, Field(ge=1, le=MAX_INVITATION_LIFE_S)] = DEFAULT_INVITATION_LIFE_S


class InvitationToken(PeopleBody):
    token: Token


class Acceptance(PeopleBody):
    token: Token
    email: Email
    password: NewPassword = Field(repr=False)


class SignIn(PeopleBody):
    email: Annotated[str, Field(max_length=MAX_EMAIL_CHARACTERS)]
    password: PasswordAttempt = Field(repr=False)


class PersonPatch(PeopleBody):
    role: AnyRole
