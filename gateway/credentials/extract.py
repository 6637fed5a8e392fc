"""Reading the credential that a route asks for out of a request's head. Nothing is checked here but its form."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl

from gateway.credentials.identity import RefusedCredential
from gateway.http1.request import RequestHead
from gateway.routing.table import CredentialKind

MAX_PARAMETERS = 1000
_BEARER = re.compile(r"bearer +([A-Za-z0-9._~+/-]+=*)", re.IGNORECASE)
_SESSION_PARAMETER = "apitoken"

API_TOKEN_FIELD = "x-api-token"
CLIENT_PREFIX_FIELD = "x-client-prefix"
SESSION_TOKEN_FIELD = "x-api-token"

SECRET_FIELDS = {
    CredentialKind.NONE: frozenset[str](),
    CredentialKind.JWT: frozenset({"authorization"}),
    CredentialKind.API_TOKEN: frozenset({API_TOKEN_FIELD, CLIENT_PREFIX_FIELD}),
    CredentialKind.SESSION_TOKEN: frozenset({SESSION_TOKEN_FIELD}),
}
"""The fields that carry the credential: not passed on, unless the route says so."""


@dataclass(frozen=True, slots=True)
class Bearer:
    token: str


@dataclass(frozen=True, slots=True)
class ApiTokenPair:
    token: str
    client_prefix: str


@dataclass(frozen=True, slots=True)
class SessionToken:
    token: str


def read_bearer(head: RequestHead) -> Bearer | None:
    """The bearer token of RFC 6750 section 2.1; None when there is none, or another scheme.

    Raises `RefusedCredential` for one that no token can be.
    """
    values = head.values("authorization")
    if not values:
        return None
    scheme = values[0].partition(" ")[0].lower()
    match = _BEARER.fullmatch(values[0])
    if len(values) > 1 or (match is None and scheme == "bearer"):
        raise RefusedCredential("malformed")
    return None if match is None else Bearer(match[1])


def read_api_token(head: RequestHead) -> ApiTokenPair | None:
    """The API token and its company's prefix; None when neither is there. Raises `RefusedCredential`."""
    tokens, prefixes = head.values(API_TOKEN_FIELD), head.values(CLIENT_PREFIX_FIELD)
    if not tokens and not prefixes:
        return None
    if len(tokens) != 1 or len(prefixes) != 1 or not tokens[0] or not prefixes[0]:
        raise RefusedCredential("malformed")
    return ApiTokenPair(tokens[0], prefixes[0])


def read_session_token(head: RequestHead, query: str | None) -> SessionToken | None:
    """The session token, from its header field or the query; None when it is in neither.

    Raises `RefusedCredential` when there are several.
    """
    found = [value for name, value in query_parameters(query) if name == _SESSION_PARAMETER]
    found += head.values(SESSION_TOKEN_FIELD)
    if not found:
        return None
    if len(found) > 1 or not found[0]:
        raise RefusedCredential("malformed")
    return SessionToken(found[0])


def query_parameters(query: str | None) -> list[tuple[str, str]]:
    """The parameters of a query, in their order. Raises `RefusedCredential` when they cannot be told apart."""
    if not query:
        return []
    try:
        return parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=MAX_PARAMETERS)
    except ValueError:
        raise RefusedCredential("malformed query") from None


def without_session_token(query: str | None) -> list[tuple[str, str]]:
    """The caller's own parameters."""
    return [(name, value) for name, value in query_parameters(query) if name != _SESSION_PARAMETER]
