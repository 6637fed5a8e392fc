"""What was called, as the pages show it: paths that break between their segments, and calls that are of no API."""

from collections.abc import Mapping

from markupsafe import Markup, escape

from shared.contracts import operator_validator

_FETCHES = "fetches an access token"
_CHECKS = "check of the API token, by a service that was sent it"
WHAT: Mapping[str, str] = {
    "/auth/token": _FETCHES,
    "/iam/oauth/token": _FETCHES,
    "/oauth2/token": _FETCHES,
    "/oauth2/introspect": "asks about an access token",
    "/oauth2/revoke": "ends an access token",
    "/generate": "fetches a session token",
    "/verify": "check of a session token, by a service that was sent it",
    operator_validator.VALIDATE: _CHECKS,
    operator_validator.VALIDATE_BY_POST: _CHECKS,
}
"""Of the endpoints of Passgate itself that credentials are sent to, besides routes to APIs."""


def what_it_does(route: str) -> str:
    """In words; empty for the route of an API."""
    return WHAT.get(route, "")


def breaking(path: str) -> Markup:
    """It breaks after its slashes, where a line has to."""
    return Markup("/<wbr>").join(escape(part) for part in path.split("/"))
