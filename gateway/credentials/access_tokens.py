"""Verifies access tokens locally: signature and claims. What has been stopped since is looked up by the caller."""

import hashlib
import re
from collections import OrderedDict

from gateway.credentials.extract import EXPECTED_ACCESS_TOKEN
from gateway.credentials.identity import Identity
from gateway.credentials.issuer_keys import IssuerKeys
from gateway.credentials.refused import RefusedCredential
from gateway.credentials.token_holders import TokenHolders, Verified
from shared.audit.mismatch import A_JWT, AN_ASSERTION, known_by_form
from shared.clock import Clock
from shared.contracts.access_token import expectation
from shared.jose.claims import LEEWAY_S
from shared.jose.errors import Fault, InvalidToken
from shared.jose.keys import PublicKey
from shared.jose.verifier import (
    UnverifiedToken,
    check_claims,
    not_compact,
    parse,
    signature_error,
    signature_fault,
    signed_payload,
    unverified_issuer,
)
from shared.opaque import KEY_PAIR, claimed_prefix, well_formed_id

MAX_REMEMBERED_TOKENS = 20_000
_SIGNATURE_REFUSALS = {
    fault: RefusedCredential.for_token(signature_error(fault))
    for fault in (Fault.UNKNOWN_KID, Fault.ALGORITHM_NOT_ALLOWED, Fault.BAD_SIGNATURE)
}
"""Each serves all requests, so none is ever raised: frames would gather on it."""
_ONE_PART = re.compile(r"[A-Za-z0-9_-]+")


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
        self._verified: OrderedDict[bytes, Verified] = OrderedDict()
        self._holders = TokenHolders()

    def __len__(self) -> int:
        return len(self._verified)

    def remembers(self, token: str) -> bool:
        return token_digest(token) in self._verified

    def known(self, token: str, audiences: frozenset[str]) -> Identity | RefusedCredential | None:
        """Whose token it is; None when its key is to be fetched first.

        A wrong signature is returned as a `RefusedCredential`, every other refusal is raised. Raises `Unavailable`
        while the clock is known to be wrong.
        """
        if "." not in token:  # most junk, of which no digest is needed
            raise not_a_jwt(token, not_compact(token))
        digest = token_digest(token)
        verified = self._remembered(digest)
        if verified is None:
            unverified = _parse(token)
            key = self._keys.known(unverified.header.kid)
            if key is None:
                return None
            result = self._verify(digest, unverified, key)
            if isinstance(result, Fault):
                return _SIGNATURE_REFUSALS[result]
            verified = result
        return _for_audience(verified, audiences)

    async def check(self, token: str, audiences: frozenset[str]) -> Identity:
        """The same, with whatever is to be fetched. Raises `Unavailable` also when that cannot be known."""
        digest = token_digest(token)
        verified = self._remembered(digest)
        if verified is None:
            unverified = _parse(token)
            key = await self._keys.find(unverified.header.kid)
            if key is None:
                if well_formed_id(KEY_PAIR, unverified.header.kid):
                    raise RefusedCredential.of_another_kind(AN_ASSERTION, EXPECTED_ACCESS_TOKEN)
                raise RefusedCredential.for_token(self._without_key(unverified))
            result = self._verify(digest, unverified, key)
            if isinstance(result, Fault):
                raise RefusedCredential.for_token(signature_error(result))
            verified = result
        return _for_audience(verified, audiences)

    def _without_key(self, unverified: UnverifiedToken) -> InvalidToken:
        """Why a token that no key of ours has signed is invalid: most often another issuer made it."""
        try:
            named = unverified_issuer(unverified)
        except InvalidToken as error:
            return error
        if named in self._expectation.issuers:
            return InvalidToken(Fault.UNKNOWN_KID, "the token issuer has no such key")
        own = ", ".join(sorted(self._expectation.issuers))
        return InvalidToken(
            Fault.WRONG_ISSUER, f"iss is neither {own} nor of another issuer that the route accepts"
        )

    def _remembered(self, digest: bytes) -> Verified | None:
        verified = self._verified.get(digest)
        if verified is not None:
            self._verified.move_to_end(digest)
            self._require_alive(digest, verified[0])
        return verified

    def _verify(self, digest: bytes, unverified: UnverifiedToken, key: PublicKey) -> Verified | Fault:
        """The fault where the signature is invalid; for what else is wrong it raises `RefusedCredential`."""
        now = self._clock.now()
        if (fault := signature_fault(unverified, key)) is not None:
            return fault
        try:
            verified = self._holders.known(unverified, now)
            if verified is None:
                claims = check_claims(signed_payload(unverified), self._expectation, now)
                verified = self._holders.verified(unverified, claims)
        except InvalidToken as error:
            raise RefusedCredential.for_token(error) from None
        if len(self._verified) >= self._size:
            self._verified.popitem(last=False)
        self._verified[digest] = verified
        return verified

    def alive(self, identity: Identity) -> bool:
        """Whether the token that it was read from has not expired. Raises `Unavailable` where that is not known."""
        return identity.expires_at is None or self._clock.now() - identity.expires_at < LEEWAY_S

    def _require_alive(self, digest: bytes, identity: Identity) -> None:
        if not self.alive(identity):
            del self._verified[digest]
            raise RefusedCredential.of(identity, "expired")


def token_digest(token: str) -> bytes:
    """By which a token is remembered: the token itself is kept nowhere."""
    return hashlib.sha256(token.encode("latin-1")).digest()


def _parse(token: str) -> UnverifiedToken:
    try:
        return parse(token)
    except InvalidToken as error:
        raise not_a_jwt(token, error) from None


def is_junk(text: str) -> bool:
    """Whether `text` can be no token, nor anything else that has a form here: all such is refused alike."""
    return _ONE_PART.fullmatch(text) is not None and not (claimed_prefix(text) or known_by_form(text))


def not_a_jwt(token: str, error: InvalidToken) -> RefusedCredential:
    """The refusal of what cannot be read as a token: often it is one of our secrets, in the place of one."""
    if prefix := claimed_prefix(token):
        return RefusedCredential.of_another_kind(prefix, EXPECTED_ACCESS_TOKEN)
    if (kind := known_by_form(token)) not in ("", A_JWT):
        return RefusedCredential.of_another_kind(kind, EXPECTED_ACCESS_TOKEN)
    return RefusedCredential.for_token(error)


def _for_audience(verified: Verified, audiences: frozenset[str]) -> Identity:
    identity, token_audiences = verified
    if audiences.isdisjoint(token_audiences):
        raise RefusedCredential.of(
            identity, "wrong_audience", reason=f"aud must hold {' or '.join(sorted(audiences))}"
        )
    return identity
