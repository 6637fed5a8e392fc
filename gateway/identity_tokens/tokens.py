"""Identity tokens: what an upstream can verify by itself, instead of trusting whoever can reach it."""

from typing import Any

from gateway.credentials.identity import Identity
from gateway.http1.bounded_cache import BoundedCache
from shared.clock import Clock
from shared.jose.claims import LEEWAY_S
from shared.jose.signer import Signer

FIELD = "X-Passgate-Identity-Token"
LIFE_S = 60
REUSED_FOR_S = 30
"""Seconds for which a token is sent again: whoever gets it has as many left to verify it in."""
MAX_CACHED_TOKENS = 10_000

_Key = tuple[str, str, float | None, str]


class IdentityTokens:
    """Signs on the event loop: 40 us, once in `REUSED_FOR_S` for each caller and upstream."""

    def __init__(self, signer: Signer, clock: Clock, *, issuer: str, size: int = MAX_CACHED_TOKENS) -> None:
        self._signer = signer
        self._clock = clock
        self._issuer = issuer
        self._lines: BoundedCache[_Key, tuple[str, float]] = BoundedCache(size)

    def line(self, identity: Identity, audience: str) -> str:
        """The header field with a token for the upstream called `audience`."""
        # `identity.lines` has all that the claims have, but for what goes beside it here.
        key = (identity.lines, identity.company_id, identity.expires_at, audience)
        now = self._clock.now()
        cached = self._lines.get(key)
        if cached is not None and 0 <= now - cached[1] < REUSED_FOR_S:  # also after a step of the clock
            return cached[0]
        line = f"{FIELD}: {self._signer.sign(self._claims(identity, audience, int(now)))}"
        self._lines.put(key, (line, now))
        return line

    def _claims(self, identity: Identity, audience: str, now: int) -> dict[str, Any]:
        expires_at = float(now + LIFE_S)
        if identity.expires_at is not None:  # until when the gateway itself accepts the credential
            expires_at = min(expires_at, identity.expires_at + LEEWAY_S)
        claims: dict[str, Any] = {
            "iss": self._issuer,
            "aud": audience,
            "sub": identity.subject,
            "iat": now,
            "exp": int(expires_at),
            "company": identity.company,
            "credential": identity.credential,
            "credential_kind": identity.kind,
            "scope": " ".join(identity.scopes),
        }
        if identity.company_id:
            claims["company_id"] = identity.company_id
        if identity.issuer:
            claims["issuer"] = identity.issuer
        return claims
