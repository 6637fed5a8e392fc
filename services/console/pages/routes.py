"""Routes of the gateway, in words, and what opens them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.scopes import covers

MAX_SHOWN = 100
"""On one page."""
MAX_OPENED = 20
"""Routes of one scope, on the page of an application or a booking."""
MAX_ROUTES_BESIDE_CHOICE = 3
"""Of one scope, where applications are chosen from."""
MAX_SCOPES_IN_LIST = 6
"""Of one application, where several are listed or chosen from."""
CREDENTIALS = {
    "none": "none",
    "jwt": "access token",
    "api_token": "API token",
    "session_token": "session token",
}
"""Kinds of credentials as a route has them, in words."""
Route = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Opened:
    """What the gateway lets in whoever has booked an application."""

    by_scope: Mapping[str, Sequence[Route]]
    """With a JWT: the routes that each scope of the application opens."""
    by_api_token: Sequence[Route]


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


def routes_opened(application: Mapping[str, Any], table: Mapping[str, Any] | None) -> Opened | None:
    """`table` is the gateway's; None: it does not respond, and nothing is known of its routes."""
    if table is None:
        return None
    routes: Sequence[Route] = table["routes"]
    by_scope = {scope: opened_by(scope, routes) for scope in application["scopes"]}
    return Opened(by_scope, [r for r in routes if r["application"] == application["application_prefix"]])


def unused_scopes(scopes: Iterable[str], table: Mapping[str, Any] | None) -> frozenset[str]:
    """Those of the scopes that no route needs; none of them where nothing is known of the routes."""
    return frozenset() if table is None else frozenset(s for s in scopes if not opened_by(s, table["routes"]))


def opened_by(scope: str, routes: Sequence[Route]) -> list[Route]:
    """Those that need the scope, or one that it covers; whether they need others as well is with each."""
    return [route for route in routes if any(covers(scope, needed) for needed in route["scopes"])]


def _text(route: Route) -> str:
    return " ".join((route["name"], route["host"], route["path"], *route["scopes"])).lower()
