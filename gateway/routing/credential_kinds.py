"""The kinds of credential, and the header fields that carry each."""

from enum import StrEnum
from typing import Final


class CredentialKind(StrEnum):
    """What a route requires of its callers."""

    NONE = "none"
    JWT = "jwt"
    API_TOKEN = "api_token"
    SESSION_TOKEN = "session_token"


API_TOKEN_FIELD: Final = "x-api-token"
CLIENT_PREFIX_FIELD: Final = "x-client-prefix"
SESSION_TOKEN_FIELD: Final = "x-api-token"
SESSION_TOKEN_PARAMETER: Final = "apitoken"
"""Of the query."""

SECRET_FIELDS: Final = {
    CredentialKind.NONE: frozenset[str](),
    CredentialKind.JWT: frozenset({"authorization"}),
    CredentialKind.API_TOKEN: frozenset({API_TOKEN_FIELD, CLIENT_PREFIX_FIELD}),
    CredentialKind.SESSION_TOKEN: frozenset({SESSION_TOKEN_FIELD}),
}
"""The fields that carry the credential: not passed on, unless the route says so."""
