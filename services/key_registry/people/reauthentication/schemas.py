"""What the admin API takes of what people do to their own account, and what OpenAPI says of the members."""

from typing import Annotated

from pydantic import ConfigDict, Field

from services.key_registry.catalog.documentation.members import describing
from services.key_registry.catalog.requests import Body
from services.key_registry.people.documentation import PEOPLE_MEMBERS
from services.key_registry.people.factors.schemas import Code
from services.key_registry.people.requests import NewPassword, PasswordAttempt
from shared.contracts.documentation import Member, Members

MAX_CONFIRMATION_CHARACTERS = 512
REAUTHENTICATION_MEMBERS: Members = {
    "code": Member(
        "Six digits of the authenticator, or a recovery code; empty where no second factor is on.", "492039"
    ),
    "password": Member(
        "The present password; empty where `confirmation` takes its place.", "correct horse battery staple"
    ),
    "confirmation": Member(
        "What a fresh sign-in at the OpenID provider has given (`/me/openid-confirmations`), for one act; empty: "
        "the password is presented.",
        "",
    ),
    "new": Member(
        "The new one: 12 to 1024 characters, and not the e-mail address.", "another horse battery staple"
    ),
}

describe = describing(REAUTHENTICATION_MEMBERS, PEOPLE_MEMBERS)


class ReauthenticationProof(Body):
    """What shows again whose account it is."""

    model_config = ConfigDict(json_schema_extra=describe)

    password: PasswordAttempt = Field("", repr=False)
    code: Code = ""
    confirmation: Annotated[str, Field(max_length=MAX_CONFIRMATION_CHARACTERS, repr=False)] = ""


class PasswordChange(ReauthenticationProof):
    new: NewPassword = Field(repr=False)
