"""Routes of the gateway, in words, and what opens them."""

from collections.abc import Mapping, Sequence
from typing import Any

from shared.scopes import covers

MAX_SHOWN = 100
"""On one page."""
MAX_OPENED = 20
"""Of one scope."""
CREDENTIALS = {
    "none": "none",
    "jwt": "access token",
    "api_token": "API token",
    "session_token": "session token",
}
"""Kinds of credentials as a route has them, in words."""
Route = Mapping[str, Any]


def found_routes(routes: Sequence[Route], words: str) -> list[Route]:
    """Those whose name, host, path or scopes contain each of the words."""
    wanted = words.lower().split()
    return [route for route in routes if all(word in _text(route) for word in wanted)]


def credential_in_words(route: Route) -> str:
    """One kind, or several that are each enough."""
    kinds = route["credential"] if isinstance(route["credential"], list) else [route["credential"]]
    return " or ".join(CREDENTIALS.get(kind, str(kind).replace("_", " ")) for kind in kinds)


def stands_for(route: Route) -> str:
    """Host and path; a prefix ends with an asterisk."""
    return f"{route['host']}{route['path']}{'*' if route['prefix'] else ''}"


def opened_by(scope: str, routes: Sequence[Route]) -> list[Route]:
    """Those that need the scope, or one that it covers; whether they need others as well is with each."""
    return [route for route in routes if any(covers(scope, needed) for needed in route["scopes"])]


def _text(route: Route) -> str:
    return " ".join((route["name"], route["host"], route["path"], *route["scopes"])).lower()
