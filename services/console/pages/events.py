"""Events as people read them."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from services.console.pages.credentials.kinds import BY_PATH

EVENT_TYPES = (
    "credential.expiring",
    "credential.expired",
    "credential.rotated",
    "credential.version_retired",
    "credential.version_revoked",
    "credential.suspended",
    "credential.resumed",
    "credential.revoked",
    "credential.leaked",
    "booking.suspended",
    "booking.resumed",
    "booking.revoked",
    "company.suspended",
    "company.resumed",
    "company.revoked",
    "application.suspended",
    "application.resumed",
    "application.revoked",
    "quota.nearly_used",
    "quota.used",
)
MAX_VALUE_CHARACTERS = 200


def type_in_words(event_type: str) -> str:
    """`credential.version_retired` as "Credential version retired"."""
    return event_type.replace(".", " ").replace("_", " ").capitalize()


def details(event: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What an event says beside what it is of. An instant is left as it is written, for the template."""
    shown = {name: value for name, value in event["data"].items() if name not in {"kind", "id", "name"}}
    return [
        (name, str(value)[:MAX_VALUE_CHARACTERS])
        for name, value in shown.items()
        if isinstance(value, str | int | float) and not isinstance(value, bool) and value != ""
    ]


def subject_path(event: Mapping[str, Any]) -> str:
    """Of the page of what the event is of; empty where there is none, or none any more."""
    company, data = event["company"], event["data"]
    if not company or event["deleted"]:
        return ""
    base = f"/companies/{quote(company['client_prefix'], safe='')}"
    path = f"{str(data.get('kind', '')).replace('_', '-')}s"
    if path in BY_PATH and data.get("id"):
        return f"{base}/{path}/{quote(str(data['id']), safe='')}"
    return base if event["type"].startswith("company.") else ""
