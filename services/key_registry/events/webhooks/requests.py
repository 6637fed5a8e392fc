"""What the admin API takes of webhooks."""

from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints

from services.key_registry.catalog.event_types import EventType
from services.key_registry.catalog.field_types import Name, NoSecret, Reference
from services.key_registry.catalog.requests import Body, KeepOldFor
from services.key_registry.catalog.versions import DEFAULT_KEEP_OLD_FOR_S
from services.key_registry.events.webhooks.documentation import describe, describe_patch
from services.key_registry.events.webhooks.targets import MAX_URL_CHARACTERS, parse_target


def _parsed(url: str) -> str:
    parse_target(url)
    return url


def _each_once(types: list[EventType]) -> list[EventType]:
    if len(set(types)) < len(types):
        raise ValueError("must name each type once")
    return types


Url = Annotated[str, StringConstraints(max_length=MAX_URL_CHARACTERS), AfterValidator(_parsed), NoSecret]
Types = Annotated[list[EventType], Field(max_length=64), AfterValidator(_each_once)]


class WebhookBody(Body):
    model_config = ConfigDict(json_schema_extra=describe)


class NewWebhook(WebhookBody):
    """`company_id` null: of the operator, for the events of all companies."""

    company_id: Reference | None = None
    name: Name
    url: Url
    types: Types = Field(default_factory=list)
    enabled: bool = True


class WebhookPatch(WebhookBody):
    """Members that are not there stay as they are."""

    model_config = ConfigDict(json_schema_extra=describe_patch)

    name: Name = ""
    url: Url = ""
    types: Types = Field(default_factory=list)
    enabled: bool = True


class SecretRotation(WebhookBody):
    """`keep_old_for`: for how long deliveries are signed with the present secret as well, in seconds."""

    keep_old_for: KeepOldFor = DEFAULT_KEEP_OLD_FOR_S
    end_oldest: bool = False
