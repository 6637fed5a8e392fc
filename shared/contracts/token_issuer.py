"""The token issuer's answers (RFC 6749, 7517, 7662, 8414), and a client for its key set."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from shared.contracts import Caller
from shared.errors import Unavailable

JWKS_PATH = "/.well-known/jwks.json"


class Wire(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class TokenResponse(Wire):
    """RFC 6749 section 5.1. `scope` is left out at `/auth/token`."""

    access_token: str
    token_type: str
    """`JWT` at `/auth/token`, else `Bearer`."""
    expires_in: int
    """Seconds."""
    scope: str | None = None


class OAuthErrorResponse(Wire):
    """RFC 6749 section 5.2."""

    error: str
    error_description: str


class IntrospectionResponse(Wire):
    """RFC 7662 section 2.2. Of a token that is not live, or of another company, `active` is all there is."""

    active: bool
    token_type: str | None = None
    scope: str | None = None
    client_id: str | None = None
    exp: int | None = None
    iat: int | None = None
    sub: str | None = None
    aud: str | list[str] | None = None
    iss: str | None = None
    jti: str | None = None


class JwksResponse(Wire):
    """RFC 7517 section 5."""

    keys: list[dict[str, Any]]


class MetadataResponse(Wire):
    """RFC 8414 section 2."""

    issuer: str
    token_endpoint: str
    introspection_endpoint: str
    revocation_endpoint: str
    jwks_uri: str
    grant_types_supported: list[str]
    response_types_supported: list[str]
    token_endpoint_auth_methods_supported: list[str]
    token_endpoint_auth_signing_alg_values_supported: list[str]
    introspection_endpoint_auth_methods_supported: list[str]
    introspection_endpoint_auth_signing_alg_values_supported: list[str]
    revocation_endpoint_auth_methods_supported: list[str]
    revocation_endpoint_auth_signing_alg_values_supported: list[str]


class TokenIssuerClient:
    """Raises `Unavailable` when the issuer cannot be asked."""

    def __init__(self, client: Caller) -> None:
        self._client = client

    async def jwks(self) -> dict[str, Any]:
        """The key set as it came: `shared.jose.keys.load_jwks` reads it."""
        value = await self._client.get(JWKS_PATH)
        if not isinstance(value, dict):
            raise Unavailable(detail="the key set is missing")
        return value
