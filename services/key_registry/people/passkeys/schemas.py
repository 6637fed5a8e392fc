"""What the admin API takes of passkeys, how it shows them, and what OpenAPI says of their members."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.key_registry.catalog.documentation.members import describing
from services.key_registry.catalog.field_types import Instant, Name
from services.key_registry.catalog.requests import Body
from services.key_registry.people.documentation import PEOPLE_MEMBERS
from shared.contracts.documentation import Member, Members

_OPTIONS = "For `navigator.credentials` in the browser, as Web Authentication Level 3 has it in JSON."
_CREDENTIAL = {"id": "dGVzdA", "rawId": "dGVzdA", "type": "public-key", "response": {"clientDataJSON": "e30"}}
PASSKEY_MEMBERS: Members = {
    "name": Member("What the person calls it.", "Phone"),
    "credential": Member("What the browser's `PublicKeyCredential.toJSON` gives.", _CREDENTIAL),
    "options": Member(_OPTIONS, {"challenge": "dGVzdA", "rpId": "console.example"}),
    "last_used_at": Member("When somebody signed in with it last. null: never.", None),
    "PasskeyList.items": Member("The newest first.", []),
    "origin": Member(
        "Where browsers know them: the console by `PASSGATE_CONSOLE_URL`. null: there are no passkeys here.",
        "https://console.example",
    ),
}

describe = describing(PASSKEY_MEMBERS, PEOPLE_MEMBERS)


class _Shown(BaseModel):
    model_config = ConfigDict(json_schema_extra=describe, from_attributes=True)


class NewPasskey(Body):
    model_config = ConfigDict(json_schema_extra=describe)

    name: Name
    credential: dict[str, Any] = Field(repr=False)


class PresentedPasskey(Body):
    model_config = ConfigDict(json_schema_extra=describe)

    credential: dict[str, Any] = Field(repr=False)


class PasskeyOptions(_Shown):
    options: dict[str, Any]


class PasskeyResponse(_Shown):
    id: UUID
    name: str
    created_at: Instant
    last_used_at: Instant | None


class PasskeyList(_Shown):
    origin: str | None
    items: list[PasskeyResponse]
