"""Reading the credential that a route requires from a request's head. Nothing is checked here but its form."""

from dataclasses import dataclass
from urllib.parse import parse_qsl

from gateway.credentials.refused import RefusedCredential
from gateway.http1.request_head import RequestHead
from gateway.routing.credential_kinds import (
    API_TOKEN_FIELD,
    CLIENT_PREFIX_FIELD,
    SESSION_TOKEN_FIELD,
    SESSION_TOKEN_PARAMETER,
)
from shared.opaque import API_TOKEN, claimed_prefix, of_another_kind

MAX_PARAMETERS = 1000
EXPECTED_ACCESS_TOKEN = "an access token (a JWT) after Authorization: Bearer"
"""What belongs after `Bearer`, where something else is."""
EXPECTED_API_TOKEN = "an API token (X-Api-Token and X-Client-Prefix)"
"""As above, in `X-Api-Token`."""
EXPECTED_PAIR = "the API token in X-Api-Token, the client prefix in X-Client-Prefix"
"""As above, of both fields where each holds what belongs in the other."""
EXPECTED_SESSION_TOKEN = "a session token (X-Api-Token, or apitoken in the query)"
"""As above."""


class NoCredential(Exception):
    """There is no credential of a kind that the route accepts; `description` may be sent to the caller."""

    def __init__(
        self,
        cause: str = "no_credential",
        description: str = "a credential is required",
        *,
        challenge: str = "Bearer",
    ) -> None:
        super().__init__(cause)
        self.cause = cause
        self.description = description
        self.challenge = challenge
        """`WWW-Authenticate`, without error codes."""


class MalformedQuery(RefusedCredential):
    """The parameters of the query cannot be separated; the credential, which may be among them, may be valid."""

    def __init__(self) -> None:
        super().__init__("malformed_query")


@dataclass(frozen=True, slots=True)
class ApiTokenPair:
    token: str
    client_prefix: str


@dataclass(frozen=True, slots=True)
class SessionToken:
    token: str


def read_bearer(head: RequestHead) -> str:
    """The bearer token of RFC 6750 section 2.1.

    Raises `NoCredential` when there is none, or another scheme; `RefusedCredential` when it is not one word, or in
    another scheme one of ours that is no bearer token. Its form is seen by whoever verifies it.
    """
    value = head.authorization
    if value is None:
        raise NoCredential
    scheme, _, token = value.partition(" ")
    if scheme.lower() != "bearer":
        if prefix := claimed_prefix(value.rpartition(" ")[2]):
            raise RefusedCredential.of_another_kind(prefix, EXPECTED_ACCESS_TOKEN)
        raise NoCredential("wrong_scheme", "the scheme of the header field Authorization must be Bearer")
    token = token.lstrip(" ")
    if not token:
        raise RefusedCredential.without_value("no_credential", EXPECTED_ACCESS_TOKEN)
    if " " in token or "\t" in token:
        twice = token[:7].lower() == "bearer "
        raise RefusedCredential.malformed(
            "Authorization has the word Bearer twice"
            if twice
            else "Authorization has more than one word after Bearer"
        )
    return token


def read_api_token(head: RequestHead) -> ApiTokenPair:
    """The API token and its company's prefix.

    Raises `NoCredential` when one of them is missing, `RefusedCredential` when one is empty or repeated, or the
    token is something else of ours and has no prefix beside it.
    """
    tokens, prefixes = head.values(API_TOKEN_FIELD), head.values(CLIENT_PREFIX_FIELD)
    if not tokens and not prefixes:
        raise NoCredential
    if not tokens:
        raise NoCredential("no_api_token", "the header field X-Api-Token is missing")
    if not prefixes:
        if of_another_kind(API_TOKEN, tokens[0]):
            raise RefusedCredential.of_another_kind(claimed_prefix(tokens[0]), EXPECTED_API_TOKEN)
        raise NoCredential("no_client_prefix", "the header field X-Client-Prefix is missing")
    if len(tokens) != 1 or len(prefixes) != 1:
        raise RefusedCredential.malformed(
            f"{'X-Api-Token' if len(tokens) != 1 else 'X-Client-Prefix'} comes more than once"
        )
    if not tokens[0]:
        raise RefusedCredential.without_value(
            "no_api_token" if prefixes[0] else "no_credential", EXPECTED_API_TOKEN
        )
    if not prefixes[0]:
        raise RefusedCredential.without_value("no_client_prefix", EXPECTED_API_TOKEN)
    return ApiTokenPair(tokens[0], prefixes[0])


def read_session_token(head: RequestHead, query: str | None, *, merges: bool = False) -> SessionToken:
    """The session token, from its header field or the query. `merges`: whether an upstream gets the rest of that.

    Raises `NoCredential` when it is in neither, `RefusedCredential` when there are several, `MalformedQuery`.
    """
    found = list(head.values(SESSION_TOKEN_FIELD))
    try:
        found += [value for name, value in query_parameters(query) if name == SESSION_TOKEN_PARAMETER]
    except MalformedQuery:
        if merges or not found:
            raise
    if not found:
        raise NoCredential
    if len(found) > 1:
        raise RefusedCredential.malformed("more than one session token, in X-Api-Token and apitoken of the query")
    if not found[0]:
        raise RefusedCredential.without_value("no_credential", EXPECTED_SESSION_TOKEN)
    return SessionToken(found[0])


def query_parameters(query: str | None) -> list[tuple[str, str]]:
    """The parameters of a query, in their order. Raises `MalformedQuery` when they cannot be separated."""
    if not query:
        return []
    try:
        return parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=MAX_PARAMETERS)
    except ValueError:
        raise MalformedQuery from None


def without_session_token(query: str | None) -> list[tuple[str, str]]:
    """The caller's own parameters."""
    return [(name, value) for name, value in query_parameters(query) if name != SESSION_TOKEN_PARAMETER]
