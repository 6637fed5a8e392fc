"""What the admin API says of a credential beside its id, as the pages show it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from services.console.pages.credentials.kinds import BY_API_KIND

GONE = "a credential that is gone"


class Named(NamedTuple):
    name: str
    noun: str
    """Of its kind; empty for one that is gone."""
    path: str
    """Of its page, below the company's; empty for what has none."""


def named(usage: Mapping[str, Any]) -> Named:
    """The credential of an object of `GET /usage` that is grouped by `credential_id`."""
    kind = BY_API_KIND.get(usage["credential_kind"] or "")
    if usage["credential_name"] is None:
        return Named(GONE, "", "")
    if kind is None:
        return Named(usage["credential_name"], usage["credential_kind"].replace("_", " "), "")
    return Named(usage["credential_name"], kind.noun, f"{kind.path}/{usage['credential_id']}")
