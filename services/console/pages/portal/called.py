"""Calls that are of no API: what each does."""

from collections.abc import Mapping

from shared.contracts import operator_validator

_FETCHES = "fetches an access token"
_CHECKS = "checks the API token, for a service that was sent it"
WHAT: Mapping[str, str] = {
    "/auth/token": _FETCHES,
    "/iam/oauth/token": _FETCHES,
    "/oauth2/token": _FETCHES,
    "/oauth2/introspect": "asks about an access token",
    "/oauth2/revoke": "ends an access token",
    "/generate": "fetches a session token",
    "/verify": "checks a session token, for a service that was sent it",
    operator_validator.VALIDATE: _CHECKS,
    operator_validator.VALIDATE_BY_POST: _CHECKS,
}
"""Of the endpoints of Passgate itself that credentials are sent to, besides routes to APIs."""


def what_it_does(route: str) -> str:
    """In words; empty for the route of an API."""
    return WHAT.get(route, "")
