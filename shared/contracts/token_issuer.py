"""The token issuer's key set (RFC 7517), and a client for it."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts import Caller
from shared.errors import Unavailable

JWKS_PATH = "/.well-known/jwks.json"


class JwksResponse(BaseModel):
    """RFC 7517 section 5."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    keys: list[dict[str, Any]] = Field(
        description="Public keys as JWKs; a token's `kid` names its own.",
        examples=[
            [{"kty": "EC", "crv": "P-256", "x": "...", "y": "...", "kid": "k1", "alg": "ES256", "use": "sig"}]
        ],
    )


class TokenIssuerClient:
    """Raises `Unavailable` when the issuer does not respond."""

    def __init__(self, client: Caller) -> None:
        self._client = client

    async def jwks(self) -> dict[str, Any]:
        """The key set as it came: `shared.jose.keys.load_jwks` reads it."""
        value = await self._client.get(JWKS_PATH)
        if not isinstance(value, dict):
            raise Unavailable(detail="the key set is missing")
        return value
