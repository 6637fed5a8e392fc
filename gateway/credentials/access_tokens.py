"""Checks access tokens locally: signature, claims, and what has been revoked since."""

import hashlib
from collections import OrderedDict

from gateway.credentials.identity import Identity, RefusedCredential
from gateway.credentials.issuer_keys import IssuerKeys
from shared.clock import Clock
from shared.contracts.access_token import AccessTokenClaims, expectation
from shared.jose.claims import LEEWAY_S
from shared.jose.verifier import InvalidToken, check_claims, check_signature, parse

MAX_REMEMBERED_TOKENS = 20_000


class AccessTokens:
    """Verified tokens are remembered by their SHA-256 until they expire.

    What is remembered says only that a token was valid when it was signed: whether it, its credential or its
    company has been stopped since is to be looked up at each call.
    """

    def __init__(self, keys: IssuerKeys, clock: Clock, *, issuer: str, size: int = MAX_REMEMBERED_TOKENS) -> None:
        self._keys = keys
        self._clock = clock
        self._expectation = expectation(issuer)
        self._size = size
        self._verified: OrderedDict[bytes, tuple[Identity, frozenset[str]]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._verified)

    async def check(self, token: str, audiences: frozenset[str]) -> Identity:
        """Whose token it is. Raises `RefusedCredential`, or `Unavailable` when that cannot be known."""
        digest = hashlib.sha256(token.encode("latin-1")).digest()
        remembered = self._verified.get(digest)
        if remembered is None:
            identity, token_audiences = await self._verify(token)
            self._remember(digest, identity, token_audiences)
        else:
            identity, token_audiences = remembered
            self._verified.move_to_end(digest)
            self._require_alive(digest, identity)
        if audiences.isdisjoint(token_audiences):
            raise RefusedCredential.of(identity, "wrong_audience")
        return identity

    async def _verify(self, token: str) -> tuple[Identity, frozenset[str]]:
        try:
            unverified = parse(token)
            kid = unverified.header.kid
            key = self._keys.known(kid) or await self._keys.find(kid)
            if key is None:
                raise RefusedCredential("unknown_kid")
            claims = check_claims(check_signature(unverified, key), self._expectation, self._clock.now())
            return _identity(AccessTokenClaims.read(claims), kid), frozenset(claims.audiences)
        except InvalidToken as error:
            raise RefusedCredential(str(error.code)) from None

    def _remember(self, digest: bytes, identity: Identity, audiences: frozenset[str]) -> None:
        if len(self._verified) >= self._size:
            self._verified.popitem(last=False)
        self._verified[digest] = (identity, audiences)

    def _require_alive(self, digest: bytes, identity: Identity) -> None:
        if identity.expires_at is not None and self._clock.now() - identity.expires_at >= LEEWAY_S:
            del self._verified[digest]
            raise RefusedCredential.of(identity, "expired")


def _identity(claims: AccessTokenClaims, kid: str) -> Identity:
    return Identity(
        kind=claims.credential_kind,
        company=claims.client_prefix,
        credential=claims.credential,
        subject=claims.sub,
        company_id=claims.company_id,
        scopes=claims.scopes,
        depends_on=claims.stopped_by | {kid},
        expires_at=claims.exp,
    )
