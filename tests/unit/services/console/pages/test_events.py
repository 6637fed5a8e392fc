"""Events as people read them."""

from typing import Any, get_args

from services.console.pages.events import EVENT_TYPES, details, subject_path, type_in_words
from services.key_registry.catalog.event_types import EventType

COMPANY = {"client_prefix": "blabla", "name": "BlaBla"}


def event(event_type: str = "credential.rotated", company: Any = COMPANY, **data: Any) -> dict[str, Any]:
    return {"type": event_type, "company": company, "deleted": False, "data": data}


def test_every_type_that_the_registry_has_can_be_chosen() -> None:
    assert get_args(EventType) == EVENT_TYPES


def test_types_are_words() -> None:
    assert type_in_words("credential.version_retired") == "Credential version retired"


def test_a_credential_leads_to_its_page_and_nothing_leads_elsewhere() -> None:
    assert subject_path(event(kind="api_token", id="1")) == "/companies/blabla/api-tokens/1"
    assert subject_path(event(kind="access_key", id="../../x?")) == "/companies/blabla/access-keys/..%2F..%2Fx%3F"
    assert subject_path(event("company.suspended", kind="company", id="1")) == "/companies/blabla"
    assert subject_path(event(kind="jwt", id="1")) == ""
    assert subject_path({**event(kind="api_token", id="1"), "deleted": True}) == ""
    assert subject_path(event(kind="admin_token", id="1", company=None)) == ""


def test_details_are_what_is_not_said_elsewhere_and_bounded() -> None:
    found = details(event(kind="api_token", id="1", name="x", version=2, ended=[1], url="u" * 999, left=None))
    assert found == [("version", "2"), ("url", "u" * 200)]
