"""RFC 7662: what a token is, for clients of the company that it was issued to."""

from collections.abc import Callable
from typing import Any

from services.token_issuer.clients.client import Client
from services.token_issuer.signing_keys.ring import KeyRing
from shared.changes.stopped_set import StoppedSet
from shared.clock import Clock
from shared.contracts.access_token import AccessTokenClaims, expectation
from shared.jose.verifier import InvalidToken, verify

SHOWN = ("scope", "client_id", "exp", "iat", "sub", "aud", "iss", "jti")


class IssuedTokens:
    """Recognises this issuer's own access tokens."""

    def __init__(self, ring: KeyRing, clock: Clock, *, issuer: str) -> None:
        self._ring = ring
        self._clock = clock
        self._expectation = expectation(issuer)

    def read(self, token: str) -> AccessTokenClaims | None:
        """Its claims; None when it is not one of ours, or has expired."""
        now = self._clock.now()
        try:
            claims = verify(token, key_for=self._ring.verification_key, expectation=self._expectation, now=now)
            return AccessTokenClaims.read(claims) if claims.expires_at > now else None
        except InvalidToken:
            return None


class Introspector:
    """`require_fresh` raises `Unavailable` when revocations are not known well enough to call a token active."""

    def __init__(self, tokens: IssuedTokens, stopped: StoppedSet, require_fresh: Callable[[], None]) -> None:
        self._tokens = tokens
        self._stopped = stopped
        self._require_fresh = require_fresh

    def introspect(self, token: str, client: Client) -> dict[str, Any]:
        """Members of RFC 7662 section 2.2; of a token that is not live or another company's, `active` alone."""
        self._require_fresh()
        claims = self._tokens.read(token)
        if claims is None or claims.company_id != client.company_id or self._stopped.holds_any(claims.stopped_by):
            return {"active": False}
        members = claims.members()
        return {"active": True, "token_type": "Bearer", **{name: members[name] for name in SHOWN}}
