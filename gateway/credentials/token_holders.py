"""What all access tokens of one client say alike, kept once and not for each of them."""

from gateway.credentials.expiry import expiry_line
from gateway.credentials.identity import Identity
from gateway.http1.kept import Kept
from shared.contracts.access_token import AccessTokenClaims
from shared.contracts.identifiers import version_among

MAX_HOLDERS = 4096
Verified = tuple[Identity, frozenset[str]]
"""Whose token it is, and its audiences."""


class TokenHolders:
    """Bounded, and only of tokens that have been verified."""

    def __init__(self) -> None:
        self._holders: Kept[tuple[object, ...], Verified] = Kept(MAX_HOLDERS)

    def verified(self, claims: AccessTokenClaims, kid: str) -> Verified:
        """What a verified token says, sharing all but its own id and expiry with the client's other tokens."""
        key = (
            *(claims.credential_kind, claims.credential, claims.credential_id, claims.depends_on, claims.sub),
            *(claims.client_prefix, claims.company_id, claims.scope, claims.aud, kid, claims.credential_expires_at),
        )
        holder = self._holders.get(key)
        if holder is None:
            holder = _holder(claims, kid)
            self._holders.keep(key, holder)
        identity, audiences = holder
        return identity.by_token(claims.jti, claims.exp), audiences


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
