"""What all access tokens of a client say alike, read and checked once: they differ in their id and times alone."""

import re

from gateway.credentials.expiry import expiry_line
from gateway.credentials.identity import Identity
from gateway.http1.bounded_cache import BoundedCache
from shared.contracts.access_token import MAX_ACCESS_TOKEN_LIFETIME_S, AccessTokenClaims
from shared.identifiers import version_among
from shared.jose.claims import LEEWAY_S, Claims
from shared.jose.verifier import UnverifiedToken

MAX_HOLDERS = 4096
Verified = tuple[Identity, frozenset[str]]
"""Whose token it is, and its audiences."""

# Values that are spelt in one way only.
_OF_THE_TOKEN = re.compile(
    rb',"iat":([1-9][0-9]{8,11}),"exp":([1-9][0-9]{8,11}),"jti":"([!#-\[\]-~]{1,255})"(?=[,}])'
)


class TokenHolders:
    """Bounded, and only of tokens that have been verified.

    A payload is known when all its bytes but those three values are those of one that passed every check: then it
    would pass them too, but for those of the times, which are made here.
    """

    def __init__(self) -> None:
        self._holders: BoundedCache[tuple[bytes, bytes, bytes], Verified] = BoundedCache(MAX_HOLDERS)

    def known(self, signed: UnverifiedToken, now: float) -> Verified | None:
        """What a token says whose signature is valid. None: it is to be checked whole, as what has expired is."""
        found = _find(signed.payload)
        holder = None if found is None else self._holders.get(_rest(signed, found))
        if found is None or holder is None:
            return None
        issued_at, expires_at = int(found[1]), int(found[2])
        if not _hold(issued_at, expires_at, now):
            return None
        identity, audiences = holder
        return identity.by_token(found[3].decode("ascii"), expires_at), audiences

    def verified(self, signed: UnverifiedToken, claims: Claims) -> Verified:
        """What a verified token says. Raises `InvalidToken` for a private claim that is malformed."""
        read = AccessTokenClaims.read(claims)
        holder = identity, audiences = _holder(read, signed.header.kid)
        found = _find(signed.payload)
        if found is not None and "nbf" not in claims.members:
            self._holders.put(_rest(signed, found), holder)
        return identity.by_token(read.jti, read.exp), audiences


def _find(payload: bytes) -> re.Match[bytes] | None:
    """Id and times among the payload's own members: no other object is in it that could have them."""
    if payload.count(b"{") != 1:
        return None
    at = payload.find(b',"iat":')
    return None if at < 0 else _OF_THE_TOKEN.match(payload, at)


def _rest(signed: UnverifiedToken, found: re.Match[bytes]) -> tuple[bytes, bytes, bytes]:
    """The header as it is spelt, and what of the payload is before and after those values."""
    header = signed.signing_input[: signed.signing_input.index(b".")]
    return header, found.string[: found.start()], found.string[found.end() :]


def _hold(issued_at: int, expires_at: int, now: float) -> bool:
    """As `check_claims` decides by the access token's expectation."""
    alive = now - expires_at < LEEWAY_S and issued_at - now < LEEWAY_S
    return alive and 0 < expires_at - issued_at <= MAX_ACCESS_TOKEN_LIFETIME_S


def _holder(claims: AccessTokenClaims, kid: str) -> Verified:
    identity = Identity(
        kind=claims.credential_kind,
        company=claims.client_prefix,
        credential=claims.credential,
        subject=claims.sub,
        company_id=claims.company_id,
        scopes=claims.scopes,
        depends_on=tuple(claims.holder_ids | {kid}),
        version=version_among(claims.depends_on),
        expiry_line=expiry_line(claims.credential_expires_at),
    )
    return identity, frozenset(claims.aud)
