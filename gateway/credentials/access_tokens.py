"""Checking access tokens here, without asking anybody: signature, claims, and what has been stopped since."""

import hashlib
import re
from collections import OrderedDict
from collections.abc import Sequence

from gateway.credentials.identity import Identity, RefusedCredential
from gateway.credentials.issuer_keys import IssuerKeys
from shared.clock import Clock
from shared.jose.claims import LEEWAY
from shared.jose.verifier import Claims, Expectation, InvalidToken, check_claims, check_signature, parse
from shared.scopes import InvalidScope, parse_scope_list

MAX_LIFETIME = 3600.0
"""Seconds: no access token of ours is good for longer."""
CACHE_SIZE = 20_000
MAX_DEPENDENCIES = 128
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_REQUIRED = frozenset(
    {"iss", "sub", "aud", "iat", "exp", "jti", "client_id", "client_prefix", "company_id", "credential_id"}
)
"""A token without the last two could not be stopped."""


class AccessTokens:
    """Verified tokens are remembered by their SHA-256 until they expire.

    What is remembered says only that a token was good when it was signed: whether it, its credential or its company
    has been stopped since is to be looked up at each call.
    """

    def __init__(self, keys: IssuerKeys, clock: Clock, *, issuer: str, size: int = CACHE_SIZE) -> None:
        self._keys = keys
        self._clock = clock
        self._expectation = Expectation(issuers=frozenset({issuer}), required=_REQUIRED, max_lifetime=MAX_LIFETIME)
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
            return _identity(claims, kid), frozenset(claims.audiences)
        except InvalidToken as error:
            raise RefusedCredential(str(error.code)) from None

    def _remember(self, digest: bytes, identity: Identity, audiences: frozenset[str]) -> None:
        if len(self._verified) >= self._size:
            self._verified.popitem(last=False)
        self._verified[digest] = (identity, audiences)

    def _require_alive(self, digest: bytes, identity: Identity) -> None:
        if identity.expires_at is not None and self._clock.now() - identity.expires_at >= LEEWAY:
            del self._verified[digest]
            raise RefusedCredential.of(identity, "expired")


def _identity(claims: Claims, kid: str) -> Identity:
    """Raises `InvalidToken` when a private claim is no clean string, `RefusedCredential` for a broken scope
    or dependency."""
    names = ("sub", "client_id", "client_prefix", "company_id", "credential_id", "jti")
    subject, client_id, company, company_id, credential_id, jti = (claims.text(name) or "" for name in names)
    try:
        scopes = parse_scope_list(claims.members.get("scope", ""))
    except InvalidScope:
        raise RefusedCredential("malformed_scope") from None
    return Identity(
        # Client credentials have `<client_prefix>:<client key>` as their subject, assertions a company_uri.
        kind="api_client" if subject == f"{company}:{client_id}" else "key_pair",
        company=company,
        credential=client_id,
        subject=subject,
        company_id=company_id,
        scopes=scopes,
        depends_on=frozenset((company_id, credential_id, jti, kid, *_dependencies(claims))),
        expires_at=claims.expires_at,
    )


def _dependencies(claims: Claims) -> Sequence[str]:
    """The bookings and applications that the token's scopes come from."""
    ids = claims.members.get("depends_on", ())
    if not isinstance(ids, (list, tuple)) or len(ids) > MAX_DEPENDENCIES:
        raise RefusedCredential("malformed_dependencies")
    if not all(isinstance(id_, str) and _ID.fullmatch(id_) for id_ in ids):
        raise RefusedCredential("malformed_dependencies")
    return ids
