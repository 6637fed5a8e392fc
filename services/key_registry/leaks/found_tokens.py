"""Ends an access token that was found: its `jti`. Whether it is ours, the keys say that the issuer has reported."""

from collections.abc import Callable
from functools import partial
from typing import Protocol

import orjson

from services.key_registry.admin.revocations import Revocations
from services.key_registry.catalog.permissions import Admin
from services.key_registry.leaks.finding import NOT_OURS, Finding, Report
from shared.clock import Clock
from shared.contracts.access_token import AccessTokenClaims, expectation
from shared.contracts.key_registry import Revocation
from shared.contracts.signing_keys import SigningKeyReport
from shared.jose.errors import Fault, InvalidKey, InvalidToken
from shared.jose.keys import PublicKey, load_public_key
from shared.jose.verifier import UnverifiedToken, parse, unverified_issuer, verify

RETENTION_MARGIN_S = 120.0
"""Seconds after `exp` for which the revocation is kept: verifiers allow for clocks that differ."""


class KeyReports(Protocol):
    async def newest(self) -> SigningKeyReport | None: ...


class FoundTokens:
    def __init__(self, reports: KeyReports, revocations: Revocations, clock: Clock) -> None:
        self._reports = reports
        self._revocations = revocations
        self._clock = clock

    async def end(self, token: str, report: Report, *, by: Admin | None) -> Finding:
        """What the token was, once it has ended. Raises `Unavailable`."""
        try:
            unverified = parse(token)  # what is no JWT costs no look-up
            keys = await self._reports.newest()
            if keys is None:
                return NOT_OURS
            # Signed by a key of ours it is ours, whatever it names as its issuer.
            expected = expectation(unverified_issuer(unverified) or "")
            check = partial(verify, token, key_for=_key_of(keys), expectation=expected)
            try:
                verified = check(now=self._clock.now())
            except InvalidToken as error:
                if error.code is not Fault.NOT_YET_VALID:
                    raise
                verified = check(now=_valid_from(unverified))  # the issuer's clock may be ahead of this one
            claims = AccessTokenClaims.read(verified)
        except InvalidToken as error:
            # Times are checked once the signature holds.
            return Finding("already_ended", kind="jwt") if error.code is Fault.EXPIRED else NOT_OURS
        if by is not None and by.company_id is not None and str(by.company_id) != claims.company_id:
            return NOT_OURS
        revocation = Revocation(
            kind="jwt",
            id=claims.jti,
            until=claims.exp + RETENTION_MARGIN_S,
            company_id=claims.company_id,
            reason="leaked",
            leaked=True,
        )
        receipt, is_new = await self._revocations.end(revocation, report.actor, report.detail, by=by)
        return Finding(
            "ended" if is_new else "already_ended",
            kind="jwt",
            id=claims.jti,
            name=claims.credential,
            company_id=claims.company_id,
            receipt=receipt,
        )


def _valid_from(token: UnverifiedToken) -> float:
    """Of one whose signature holds."""
    claims = orjson.loads(token.payload)
    return max(float(claims.get(name) or 0) for name in ("iat", "nbf"))


def _key_of(report: SigningKeyReport) -> Callable[[str], PublicKey | None]:
    known = {key.kid: key for key in report.keys}

    def key_for(kid: str) -> PublicKey | None:
        key = known.get(kid)
        if key is None or key.public_jwk is None:
            return None
        try:
            return load_public_key(key.public_jwk, kid=kid, algorithm=key.algorithm)
        except InvalidKey:
            return None

    return key_for
