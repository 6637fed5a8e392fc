"""How an access token ends before its time: by its client (RFC 7009), or by whoever holds it."""

from collections.abc import Mapping
from typing import Protocol

from services.token_issuer.clients.client import Client
from services.token_issuer.tokens.introspection import IssuedTokens
from shared.audit.ports import Audit
from shared.changes.stopped_set import StoppedSet
from shared.contracts.access_token import AccessTokenClaims
from shared.contracts.key_registry import Revocation

RETENTION_MARGIN_S = 120.0
"""Seconds after `exp` for which the revocation is kept: verifiers allow for clocks that differ."""


class Revocations(Protocol):
    async def revoke(self, revocation: Revocation) -> None:
        """Returns when it is durable. Raises `Unavailable`."""
        ...


class TokenRevoker:
    def __init__(self, tokens: IssuedTokens, revocations: Revocations, stopped: StoppedSet, audit: Audit) -> None:
        self._tokens = tokens
        self._revocations = revocations
        self._stopped = stopped
        self._audit = audit

    async def revoke(self, token: str, client: Client) -> bool:
        """End the token, durably. False, and nothing done, when it is no live token of this very client.

        RFC 7009 section 2.1 lets a client end only what was issued to it; the response to the client is the same
        either way, so that nobody learns of tokens that are not theirs.
        """
        claims = self._tokens.read(token)
        if claims is None or not client.was_issued(claims):
            return False
        await self.end(claims, actor=f"client:{client.public_id}", reason="revoked by the client it was issued to")
        return True

    async def end(
        self,
        claims: AccessTokenClaims,
        *,
        actor: str,
        reason: str,
        leaked: bool = False,
        detail: Mapping[str, str] | None = None,
    ) -> None:
        """End the token with these claims, durably; `detail` is for the audit trail. Raises `Unavailable`."""
        until = claims.exp + RETENTION_MARGIN_S
        revocation = Revocation(
            kind="jwt",
            id=claims.jti,
            until=until,
            company_id=claims.company_id,
            reason=reason,
            leaked=leaked,
        )
        await self._revocations.revoke(revocation)
        # Introspection must not contradict the response; other copies get it by the change stream.
        self._stopped.revoke(claims.jti, until, "jwt")
        self._audit.note(
            self._audit.event(
                "token.revoked",
                actor=actor,
                subject_kind="jwt",
                subject=claims.jti,
                company_id=claims.company_id,
                detail=detail or {},
            )
        )
