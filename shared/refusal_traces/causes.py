"""Which check each cause of a refusal belongs to, and what that check expects."""

from collections.abc import Mapping
from typing import NamedTuple


class Check(NamedTuple):
    name: str
    expected: str


_ACTIVE = "the credential, its company and what it depends on are active"
_SIZE = "within the bounds of the gateway and of the route"
_CLAIM = "the claims that a token of this issuer has"
_UP = "the service behind the route responds"

_CAUSES: Mapping[str, Mapping[str, str]] = {
    "request": {
        "malformed_request": "valid HTTP/1.1 (RFC 9112)",
        "malformed_body": "a body that is framed as RFC 9112 section 6 says",
        "malformed_handshake": "a valid WebSocket handshake (RFC 6455)",
        "unsupported_websocket_version": "Sec-WebSocket-Version: 13",
        "expectation_failed": "no Expect, or 100-continue",
        "malformed_target": "a path that every server reads alike",
        "loop": "a request that has not passed this gateway before",
        "tls_required": "TLS on this port",
        "incomplete_question": "a description of the request by a proxy",
        "not_a_trusted_proxy": "an address of PASSGATE_TRUSTED_PROXIES",
        "not_rewritten": "a proxy that forwards the target that was decided upon",
        "invalid_request": "parameters as the endpoint's protocol has them",
        "bad_parameters": "one JSON object that a session token can store",
        "unsupported_media_type": "the Content-Type of the endpoint's protocol",
        "unsupported_grant_type": "a grant type of this endpoint",
        "request_timeout": "head and body within the gateway's times",
        "validation_failed": "members as OpenAPI describes them",
    },
    "route": {"no_route": "a route for this host and path", "not_found": "an endpoint of this path"},
    "method": {"method_not_allowed": "a method that the route has"},
    "size": {
        "too_large": _SIZE,
        "target_too_long": _SIZE,
        "header_fields_too_large": _SIZE,
    },
    "limit": {
        "bodies_under_way": "fewer requests of one client at once",
        "overload": "fewer calls than the gateway can serve",
        "too_many_requests": "fewer wrong secrets, or requests of /revoke-me, within a minute",
    },
    "credential": {
        "no_credential": "a credential of a kind that the route accepts",
        "wrong_place": "a credential where the route reads it",
        "wrong_kind": "a credential of the kind that belongs here",
        "swapped": "each of the two in its own place",
        "wrong_scheme": "Authorization: Bearer",
        "no_api_token": "X-Api-Token beside X-Client-Prefix",
        "no_secret": "the secret of an API client, after its key and a colon",
        "no_client_prefix": "X-Client-Prefix beside X-Api-Token",
        "ambiguous_credential": "one kind of credential",
        "unauthenticated": "a credential",
        "invalid_client": "a client that has authenticated itself by one method",
    },
    "form": {
        "malformed": "the form of its kind, whole and exactly as it was shown",
        "more_than_secret": "the secret of an API client, and nothing beside it",
        "malformed_query": "a query whose parameters can be separated",
        "algorithm_not_allowed": "an alg that is accepted, and is that of the key",
    },
    "lookup": {
        "unknown": "a token of this environment that is still kept",
        "unknown_kid": "the kid of a key that is known and active",
        "unknown_client": "the key of an API client of this environment",
        "tampered": "what was stored when it was created",
    },
    "signature": {
        "bad_signature": "signed by the private key that belongs to the kid",
    },
    "secret": {"wrong_secret": "the secret that was shown with this client's key"},
    "issuer": {"wrong_issuer": "an issuer that the route accepts, spelt exactly so"},
    "subject": {"wrong_subject": "the company's URI"},
    "audience": {"wrong_audience": "an audience that the route accepts, spelt exactly so"},
    "claims": {
        "wrong_type": "typ of an access token",
        "missing_claim": _CLAIM,
        "invalid_claim": _CLAIM,
        "lifetime_too_long": "a life within the bound",
        "invalid_grant": "an assertion that holds",
        "jti_used": "a jti that this key has not signed before",
    },
    "times": {
        "expired": "a time that has not passed",
        "access_key_expired": "an access key whose time has not passed",
        "not_yet_valid": "a time that has come, by this server's clock",
    },
    "status": {
        **dict.fromkeys(
            ("stopped", "revoked", "suspended", "booking_suspended", "booking_revoked", "company_suspended"),
            _ACTIVE,
        ),
        **dict.fromkeys(
            ("company_revoked", "application_suspended", "application_revoked", "access_key_suspended"), _ACTIVE
        ),
        **dict.fromkeys(("access_key_revoked", "version_retired", "version_revoked"), _ACTIVE),
        **dict.fromkeys(("access_key_version_retired", "access_key_version_revoked"), _ACTIVE),
        "succeeded": "a key pair that no other has succeeded",
        "ended": "a session token that was not ended",
        "used_up": "a session token that has uses left",
        "not_valid": "an API token that the operator accepts",
        "forbidden": "a caller that may call this",
    },
    "company": {"wrong_company": "the client prefix of the company whose token it is"},
    "application": {"wrong_application": "a token that is booked for the route's application"},
    "scope": {
        "insufficient_scope": "every scope that the route needs",
        "invalid_scope": "scopes that are granted, spelt as resource:action:selector",
    },
    "limits": {
        "rate_exceeded": "calls within the rate",
        "quota_exceeded": "calls within the quota",
        "address_not_allowed": "an address that the limits name",
        "route_not_allowed": "a route that the limits name",
    },
    "origin": {"origin_not_allowed": "an origin that cors of the route names"},
    "knowledge": {
        "dependency_unavailable": "what decides can be asked",
        "stale": "revocations can be followed",
        "unavailable": "what decides can be asked",
        "temporarily_unavailable": "what decides can be asked",
    },
    "upstream": {
        **dict.fromkeys(
            ("unreachable", "connect_timeout", "tls_failed", "circuit_open", "connections_in_use"), _UP
        ),
        **dict.fromkeys(("response_timeout", "response_stalled", "connection_lost", "invalid_response"), _UP),
    },
    "gateway": {"internal": "no fault of ours"},
}
CHECKS: Mapping[str, Check] = {
    cause: Check(name, expected) for name, causes in _CAUSES.items() for cause, expected in causes.items()
}
ORDER = tuple(_CAUSES)
_UNKNOWN = Check("request", "what the endpoint's protocol requires")


def check_of(cause: str) -> Check:
    return CHECKS.get(cause, _UNKNOWN)


def comes_after(cause: str, name: str) -> bool:
    """Whether the check of `cause` is made after the one of this name, which has passed then."""
    return ORDER.index(check_of(cause).name) > ORDER.index(name)
