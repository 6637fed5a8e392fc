"""Issuing an access token, once it is decided who gets it and for what."""

import secrets
from dataclasses import dataclass
from typing import Protocol

from services.token_issuer.clients.authentication import refusal_of_expired
from services.token_issuer.clients.client import Client
from services.token_issuer.oauth_errors import InvalidClient, Refusal
from services.token_issuer.signing_keys.pool import SigningPool
from shared.audit.ports import Audit
from shared.clock import Clock
from shared.contracts.access_token import AccessTokenClaims, TokenType
from shared.contracts.credential_expiry import expires_soon
from shared.contracts.key_registry import AuditEvent
from shared.jose.signer import Signer


class Signers(Protocol):
    def signer(self) -> Signer:
        """Raises `Unavailable` when nothing may be signed now."""
        ...


@dataclass(frozen=True, slots=True)
class AuthorizedGrant:
    """What a grant has decided."""

    grant: str
    client: Client
    scopes: frozenset[str]
    depends_on: frozenset[str] = frozenset()
    """Ids of the registry, beside the credential's and the company's: whichever is stopped stops the token."""
    lacking: frozenset[str] = frozenset()
    """Scopes that were requested and are not granted, and not in the token: they are report-only."""
    refused_as: type[Refusal] = InvalidClient
    """What refuses the client when its assertion is not accepted."""


@dataclass(frozen=True, slots=True)
class AccessToken:
    value: str
    expires_in: int
    """Seconds."""
    scope: str
    expires_at: float
    """Seconds since the epoch."""
    credential_expires_at: float | None = None
    """When the credential ends that it was issued for, if that is soon; seconds since the epoch."""


class TokenIssuer:
    """`issue` is the one place where access tokens are issued."""

    def __init__(
        self,
        signers: Signers,
        pool: SigningPool,
        audit: Audit,
        clock: Clock,
        *,
        issuer: str,
        audience: str,
        lifetime: int,
    ) -> None:
        self._signers = signers
        self._pool = pool
        self._audit = audit
        self._clock = clock
        self._issuer = issuer
        self._audience = audience
        self._lifetime = lifetime

    async def issue(self, authorized: AuthorizedGrant, *, typ: TokenType) -> AccessToken:
        """A signed token, recorded in the audit trail. Raises `Unavailable` when either cannot be done, and what
        refuses a credential that has expired when less than a second of it is left.

        It is recorded while it is signed, with all others that wait for their signatures: one batch for many. There
        may be a line of a token that nobody was given; of each that somebody was given there is one.
        """
        signer = self._signers.signer()
        claims = self._claims(authorized)
        line = self._audit.begin(self._event(authorized, claims, signer.kid))
        try:
            value = await self._pool.sign(signer, claims.members(), typ)
        except BaseException:
            line.withdraw()
            raise
        await line.durable()
        expires_in = int(claims.exp - claims.iat)
        return AccessToken(value, expires_in, claims.scope, claims.exp, claims.credential_expires_at)

    def _claims(self, authorized: AuthorizedGrant) -> AccessTokenClaims:
        client, now = authorized.client, int(self._clock.now())
        return AccessTokenClaims(
            iss=self._issuer,
            sub=client.subject,
            aud=(client.audience or self._audience,),
            iat=now,
            exp=now + _lifetime(self._lifetime, authorized, now),
            jti=secrets.token_urlsafe(16),
            client_id=client.client_id,
            scope=" ".join(sorted(authorized.scopes)),
            client_prefix=client.client_prefix,
            company_id=client.company_id,
            credential_id=client.credential_id,
            credential_kind=client.kind,
            key_id=client.public_id if client.kind == "key_pair" else None,
            depends_on=tuple(sorted(authorized.depends_on | client.depends_on)),
            credential_expires_at=client.ends_at if expires_soon(client.ends_at, now) else None,
        )

    def _event(self, authorized: AuthorizedGrant, claims: AccessTokenClaims, kid: str) -> AuditEvent:
        client = authorized.client
        return self._audit.event(
            "token.issued",
            actor=f"client:{client.public_id}",
            subject_kind="jwt",
            subject=claims.jti,
            company_id=client.company_id,
            detail={
                "grant": authorized.grant,
                "scope": claims.scope,
                "expires_at": claims.exp,
                "credential_id": client.credential_id,
                "signing_key": kid,
            },
        )


def _lifetime(longest: int, authorized: AuthorizedGrant, now: int) -> int:
    """Whole seconds: no token outlives the credential that it is issued for. Without one left, raises `Refusal`."""
    client = authorized.client
    if client.expires_at is None:
        return longest
    left = int(client.expires_at) - now
    if left < 1:
        raise refusal_of_expired(client, authorized.refused_as)
    return min(longest, left)
