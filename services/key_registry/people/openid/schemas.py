"""What the admin API takes and shows of signing in by an OpenID provider, and what OpenAPI says of the members."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from services.key_registry.catalog.documentation.members import describing
from services.key_registry.catalog.field_types import Instant
from services.key_registry.catalog.requests import Body
from services.key_registry.people.documentation import PEOPLE_MEMBERS
from services.key_registry.people.requests import ShownOnce, Token
from services.key_registry.people.sign_in_policy import RequiredFor
from shared.contracts.documentation import Member, Members

MAX_SEALED_CHARACTERS, MAX_CODE_CHARACTERS = 2048, 4096

OPENID_MEMBERS: Members = {
    "invitation": Member("The token of an invitation that is to be accepted so; empty: none.", ""),
    "url": Member(
        "Where the browser is to go.", "https://login.example/authorize?response_type=code&client_id=passgate"
    ),
    "token": Member("What the browser keeps and sends when it comes back; nobody finishes without it.", "AXp1bGU"),
    "state": Member("The `state` that came back from the provider.", "aGVsbG8"),
    "code": Member("The `code` that came back from the provider.", "c3BsaXhs"),
    "confirmation": Member("What takes the place of the password once, in this session.", "AQp1bGU"),
    "expires_at": Member("Until when it does (RFC 3339).", "2026-11-26T09:35:00Z"),
    "issuer": Member("The `iss` that came back with it (RFC 9207); empty: none.", "https://login.example"),
    "openid_name": Member("What the provider is called. null: there is none.", "Example"),
    "openid_required_for": Member(
        "Who signs in by it and by nothing else: `nobody`, `operator` or `everybody`.", "nobody"
    ),
}

describe = describing(OPENID_MEMBERS, PEOPLE_MEMBERS)


class OpenIdBegin(Body):
    model_config = ConfigDict(json_schema_extra=describe)

    invitation: Token = ""


class OpenIdFinish(Body):
    model_config = ConfigDict(json_schema_extra=describe)

    token: Annotated[str, Field(max_length=MAX_SEALED_CHARACTERS, repr=False)]
    state: Annotated[str, Field(max_length=MAX_SEALED_CHARACTERS)]
    code: Annotated[str, Field(max_length=MAX_CODE_CHARACTERS, repr=False)]
    issuer: Annotated[str, Field(max_length=MAX_SEALED_CHARACTERS)] = ""


class BegunOpenIdResponse(BaseModel):
    model_config = ConfigDict(json_schema_extra=describe, from_attributes=True)

    url: ShownOnce
    token: ShownOnce


class FreshSignInResponse(BaseModel):
    model_config = ConfigDict(json_schema_extra=describe, from_attributes=True)

    confirmation: ShownOnce
    expires_at: Instant


class SignInMethods(BaseModel):
    model_config = ConfigDict(json_schema_extra=describe, from_attributes=True)

    openid_name: str | None
    openid_required_for: RequiredFor
