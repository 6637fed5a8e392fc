"""What the operator of the API can do about a refused call, where that is more than to tell whoever sent it."""

from collections.abc import Mapping
from typing import Any

from services.console.pages.refused_calls.calls import of_gateway
from services.console.pages.refused_calls.steps import cause_of
from services.console.pages.refused_calls.stopped import OF_TOKENS, Stop, stop_of

_RESUME = "Resume it at its page, or tell the company why not."
_REVOKED = "What is revoked is never resumed: make a new one at the company, and hand it over."
_ROTATED = "The company has to use the new secret. If they have lost it, rotate the credential once more."
_UPSTREAM = "Look at the service behind the route: its log has the same request id. System shows our own processes."
_NEW_TOKEN = "The company has to request a new token: the one that was sent is accepted nowhere any more."
_ACTIVE_AGAIN = "Nothing: it is active again, and the company can send the call again."
_LIMITS = "Change the limit at the company, the booking or the credential that is named below, if it is too narrow."
_KIND_OF_ROUTE = "Routes says which kind of credential the route takes. Make the company one, if it has none of it."
"""Of the gateway alone: what our own endpoints take is the same everywhere, and the page Routes does not say it."""
_PASTE = "Ask the company to paste the credential into Doctor, which says whether it is whole."
_OTHER_ENVIRONMENT = "Ask for its beginning and its last four characters, and look for these under Search."

REMEDIES: Mapping[str, str] = {
    "wrong_kind": _KIND_OF_ROUTE,
    "wrong_place": _KIND_OF_ROUTE,
    "malformed": _PASTE,
    "more_than_secret": _PASTE,
    "unknown": _OTHER_ENVIRONMENT,
    "unknown_client": _OTHER_ENVIRONMENT,
    "unknown_kid": "Look for the KID under Search: it is of another environment, or its key pair was deleted.",
    "wrong_secret": (
        "Ask the company to paste the secret into Doctor, which says whose it is. Only where it is lost, rotate "
        "the credential at its page."
    ),
    "expired": "If the credential has expired, set a later expiry at its page. If a token has, request another.",
    "access_key_expired": "Set a later expiry at the page of the access key.",
    "version_retired": _ROTATED,
    "version_revoked": _ROTATED,
    "access_key_version_retired": _ROTATED,
    "access_key_version_revoked": _ROTATED,
    "stopped": "What is stopped is named below. If it is suspended, it can be resumed at its page.",
    "suspended": _RESUME,
    "access_key_suspended": _RESUME,
    "booking_suspended": _RESUME,
    "company_suspended": _RESUME,
    "application_suspended": _RESUME,
    "revoked": _REVOKED,
    "access_key_revoked": _REVOKED,
    "booking_revoked": "Book the application for the company once more: API tokens are then made anew.",
    "wrong_application": "Make the company an API token at the application of the route; Routes names that.",
    "insufficient_scope": (
        "Grant the scope: change the scopes at the credential's page, which offers it once the application that "
        "defines it is booked for the company. Tokens that are out keep the scopes that they have."
    ),
    "invalid_scope": "Grant the scope at the credential's page, if the company is to have it.",
    "address_not_allowed": _LIMITS,
    "route_not_allowed": _LIMITS,
    "rate_exceeded": _LIMITS,
    "quota_exceeded": _LIMITS,
    "origin_not_allowed": "Name the origin in cors of the route, if its pages may call.",
    "no_route": "Routes says which route takes a request, and why no other.",
    "method_not_allowed": "Routes says which methods the route takes.",
    "too_large": "The route's max_body sets the limit.",
    "wrong_issuer": "The issuers of the route are in the route file: iss is compared exactly, to a final slash.",
    "wrong_audience": "The audience is that of the credential, or PASSGATE_AUDIENCE: compare it with the route's.",
    "not_a_trusted_proxy": "Name the proxy's address in PASSGATE_TRUSTED_PROXIES.",
    "overload": "More calls come than these processes can serve: start more workers or gateways.",
    "dependency_unavailable": "System shows which process or store does not respond.",
    "unavailable": "System shows which process or store does not respond.",
    "temporarily_unavailable": "System shows which process or store does not respond.",
    "stale": "System shows which process cannot follow the changes.",
    "internal": "It is a fault of ours: the log has request.failed under this request id. Please report it.",
    **dict.fromkeys(("unreachable", "connect_timeout", "tls_failed", "circuit_open"), _UPSTREAM),
    **dict.fromkeys(("connections_in_use", "response_timeout", "response_stalled"), _UPSTREAM),
    **dict.fromkeys(("connection_lost", "invalid_response"), _UPSTREAM),
}


def todo_of_operator(decision: Mapping[str, Any]) -> str:
    """Empty where only whoever sent the call can do something."""
    cause = cause_of(decision)
    if cause in ("stopped", "revoked") and (stop := stop_of(decision)) is not None:
        return _of_stop(stop, decision)
    remedy = REMEDIES.get(cause, "")
    return "" if remedy == _KIND_OF_ROUTE and not of_gateway(decision) else remedy


def _of_stop(stop: Stop, decision: Mapping[str, Any]) -> str:
    """Of a token that held until something was stopped: by what that is now, where it is known."""
    if stop.version:
        return _ROTATED
    if stop.kind in OF_TOKENS:
        return _NEW_TOKEN
    status = (decision.get("stopped") or {}).get("effective_status", "")
    if status == "active":
        return _ACTIVE_AGAIN
    if status == "suspended":
        return _RESUME
    if status == "expired":
        return REMEDIES["expired"]
    if status == "revoked":
        return REMEDIES["booking_revoked"] if stop.kind == "booking" else _REVOKED
    return REMEDIES["stopped"]
