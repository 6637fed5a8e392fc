"""What the search of the admin API has found, as pages lead to it."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from services.console.pages.credentials.kinds import BY_API_KIND


def path_of_found(item: Mapping[str, Any]) -> str:
    """The page of what the search of the admin API has found; empty for what has none, such as an admin token."""
    kind, id_ = item["kind"], item["id"]
    if kind == "application":
        return "/applications"
    if not item["company"]:
        return ""
    company = f"/companies/{quote(item['company']['client_prefix'], safe='')}"
    if kind == "company":
        return company
    if kind == "booking":
        return f"{company}/booked-applications/{id_}"
    return f"{company}/{BY_API_KIND[kind].path}/{id_}" if kind in BY_API_KIND else ""
